//! `[crm]` of a provider says what is wrong with it, where, and how to mend it; and never a secret.

use offhook::config::{Config, ConfigError, CrmAccess, CrmConfig, parse};

const BUSINESS: &str = "[business]\nname = \"Garage\"\ntimezone = \"Europe/Madrid\"\ncountry = \"ES\"\n\
    [business.hours]\nmon = \"9-17\"\n[[services]]\nid = \"tyres\"\nminutes = 60\n[crm]\n";

fn config(lines: &str) -> Result<Config, ConfigError> {
    parse("offhook.toml", &format!("{BUSINESS}{lines}\n"))
}

#[test]
fn what_is_missing_or_too_much_is_told_with_its_line() {
    let place = BUSINESS.lines().count();
    for (lines, line, says) in [
        ("kind = \"hubspt\"", 1, "known: builtin, hubspot, salesforce, pipedrive, dynamics, tryton, webhook"),
        ("url = \"https://crm.example\"", 1, "a crm of kind \"builtin\" has no url"),
        ("per_second = 5", 1, "a crm of kind \"builtin\" has no per_second"),
        ("kind = \"hubspot\"\ntoken = \"hunter2\"\nper_second = 0", 3, "must be between 1 and 1000"),
        ("kind = \"hubspot\"", 1, "set token_file, token_env or token, or client_id"),
        ("kind = \"hubspot\"\ntoken = \"hunter2\"\nclient_id = \"a\"", 3, "both a token and client_id"),
        ("kind = \"hubspot\"\ntoken_file = \"/no/such/file\"", 2, "/no/such/file"),
        ("kind = \"salesforce\"\ntoken = \"hunter2\"", 1, "https://example.my.salesforce.com"),
        ("kind = \"salesforce\"\nurl = \"http://crm.example\"\ntoken = \"hunter2\"", 2, "no https address"),
        (
            "kind = \"pipedrive\"\nurl = \"https://a.example\"\nclient_id = \"a\"\nclient_secret_env = \"NONE_SUCH\"",
            4,
            "NONE_SUCH",
        ),
        ("kind = \"dynamics\"\nurl = \"https://a.example\"\ntoken = \"hunter2\"", 3, "has no token; leave it out"),
        ("kind = \"tryton\"\nurl = \"https://a.example\"\nusername = \"desk\"", 1, "needs a password"),
        ("kind = \"webhook\"\nurl = \"https://a.example\"", 1, "set secret_file"),
        ("kind = \"webhook\"\nurl = \"https://a.example\"\nsecret = \"whsec_hunter2!\"", 3, "not base64"),
        ("kind = \"tryton\"\nurl = \"https://a.example\"\nusername = \"desk\"\npassword = \"hunter2\"", 1, "database"),
    ] {
        let message = config(lines).map(|_| ()).unwrap_err().to_string();
        assert!(message.starts_with(&format!("offhook.toml:{}: ", place + line)), "{lines}: {message}");
        assert!(message.contains(says) && !message.contains("hunter2"), "{lines}: {message}");
    }
}

#[test]
fn a_section_comes_to_an_address_and_who_we_are_there() {
    for (lines, url) in [
        ("kind = \"hubspot\"\ntoken = \"hunter2\"", "https://api.hubapi.com"),
        (
            "kind = \"salesforce\"\nurl = \"https://a.my.salesforce.com/\"\nclient_id = \"a\"\nclient_secret = \"hunter2\"",
            "https://a.my.salesforce.com/services/data/v62.0",
        ),
        ("kind = \"pipedrive\"\nurl = \"https://a.pipedrive.com\"\ntoken = \"hunter2\"", "https://a.pipedrive.com/api"),
        (
            "kind = \"dynamics\"\nurl = \"https://a.crm.dynamics.com\"\nclient_id = \"a\"\ntenant = \"a.example\"\nclient_secret = \"hunter2\"",
            "https://a.crm.dynamics.com/api/data/v9.2",
        ),
        (
            "kind = \"tryton\"\nurl = \"http://127.0.0.1:8000\"\ndatabase = \"crm\"\nusername = \"desk\"\npassword = \"hunter2\"",
            "http://127.0.0.1:8000",
        ),
    ] {
        let found = config(lines).unwrap();
        assert!(!format!("{found:?}").contains("hunter2"), "a secret is never printed");
        let CrmConfig::Remote(remote) = found.crm else { panic!("{lines}") };
        assert_eq!(remote.url, url);
        if let CrmAccess::Permission { permission, machine } = remote.access {
            assert_eq!(machine, lines.contains("tenant"), "{lines}");
            assert!(permission.token_url.contains(if machine { "/a.example/oauth2/" } else { "a.my.salesforce.com" }));
        }
    }
}
