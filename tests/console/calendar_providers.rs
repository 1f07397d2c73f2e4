//! `[calendar]` of a provider says what is wrong with it, where, and how to mend it; and never a secret.

use offhook::config::{CalendarConfig, Config, ConfigError, parse};

const BUSINESS: &str = "[business]\nname = \"Garage\"\ntimezone = \"Europe/Madrid\"\ncountry = \"ES\"\n\
    [business.hours]\nmon = \"9-17\"\n[[services]]\nid = \"tyres\"\nminutes = 60\n[calendar]\n";

fn config(lines: &str) -> Result<Config, ConfigError> {
    parse("offhook.toml", &format!("{BUSINESS}{lines}\n"))
}

/// Lines, the one that is complained about, and what is said.
fn refuses(cases: &[(&str, usize, &str)]) {
    let place = BUSINESS.lines().count();
    for (lines, line, says) in cases {
        let message = config(lines).map(|_| ()).unwrap_err().to_string();
        assert!(message.starts_with(&format!("offhook.toml:{}: ", place + line)), "{lines}: {message}");
        assert!(message.contains(says) && !message.contains("hunter2"), "{lines}: {message}");
    }
}

#[test]
fn google_and_microsoft() {
    refuses(&[
        ("kind = \"gogle\"", 1, "known: builtin, caldav, google, microsoft, calendly, acuity"),
        ("kind = \"google\"", 1, "client_id is missing"),
        (
            "kind = \"google\"\nclient_id = \"a\"\nusername = \"desk\"",
            3,
            "has no username; leave it out. It has client_id",
        ),
        ("kind = \"google\"\nclient_id = \"a\"\nclient_secret_env = \"OFFHOOK_NO_SUCH\"", 3, "OFFHOOK_NO_SUCH"),
        ("kind = \"google\"\nclient_id = \"a\"\nrefresh_token_file = \"/no/such/file\"", 3, "/no/such/file"),
        ("kind = \"google\"\nclient_id = \"a\"\nurl = \"http://cal.example/hunter2\"", 3, "no https address"),
        ("kind = \"google\"\nclient_id = \"a\"\nurl = \"https://me:hunter2@cal.example/\"", 3, "no https address"),
        ("kind = \"google\"\nclient_id = \"a\"\nurl = \"http://127.0.0.1.evil.example/\"", 3, "no https address"),
        ("kind = \"google\"\nclient_id = \"a\"\ntenant = \"common\"", 3, "has no tenant"),
        ("kind = \"microsoft\"\nclient_id = \"a\"\ntenant = \"a/b\"", 3, "no tenant"),
        ("kind = \"microsoft\"\nclient_id = \"a\"\nbusy = [\"ann@example.com\", \" \"]", 3, "busy is empty"),
        ("client_id = \"a\"", 1, "the built-in calendar has no client_id"),
    ]);
    let good =
        "client_id = \"a\"\nclient_secret = \"hunter2\"\nbusy = [\"ann@example.com\"]\nurl = \"http://127.0.0.1:9/\"";
    let google = config(&format!("kind = \"google\"\n{good}")).unwrap();
    assert!(!format!("{google:?}").contains("hunter2"), "a secret is never printed");
    let CalendarConfig::Google(google) = google.calendar else { panic!("{:?}", google.calendar) };
    assert_eq!((google.calendar.as_str(), google.url.as_str()), ("primary", "http://127.0.0.1:9"));
    let microsoft = config(&format!("kind = \"microsoft\"\ntenant = \"garage.example\"\n{good}")).unwrap();
    let CalendarConfig::Microsoft(microsoft) = microsoft.calendar else { panic!("{:?}", microsoft.calendar) };
    assert!(microsoft.permission.token_url.contains("/garage.example/oauth2/"), "{}", microsoft.permission.token_url);
    assert_eq!(microsoft.busy, ["ann@example.com"]);
}

#[test]
fn calendly_and_acuity() {
    let calendly = "kind = \"calendly\"\ntoken = \"hunter2\"\nemail = \"desk@example.com\"";
    let acuity = "kind = \"acuity\"\nusername = \"1\"\npassword = \"hunter2\"\nemail = \"desk@example.com\"";
    refuses(&[
        ("kind = \"calendly\"", 1, "personal access token"),
        ("kind = \"calendly\"\ntoken = \"hunter2\"", 1, "set email"),
        (
            "kind = \"calendly\"\ntoken = \"hunter2\"\ntoken_env = \"A\"",
            3,
            "more than one of token, token_env and token_file",
        ),
        ("kind = \"acuity\"", 1, "set username"),
        ("kind = \"acuity\"\nusername = \"1\"", 1, "API key"),
        (calendly, 1, "add tyres = ... under [calendar.services]"),
        (&format!("{calendly}\nservices = {{ tyres = 7 }}"), 4, "tyres is no event type"),
        (&format!("{acuity}\ncalendar = \"front\"\nservices = {{ tyres = 7 }}"), 5, "no calendar of Acuity"),
        (&format!("{acuity}\nservices = {{ tyres = 7, oil = 8 }}"), 5, "no business has a service `oil`"),
        (&format!("{acuity}\nservices = {{ tyres = \"front\" }}"), 5, "tyres is no appointment type"),
    ]);
    let services = "services = { tyres = \"https://api.calendly.com/event_types/A\" }";
    let found = config(&format!("{calendly}\n{services}")).unwrap();
    assert!(!format!("{found:?}").contains("hunter2"), "a secret is never printed");
    let found = config(&format!("{acuity}\ncalendar = \"7\"\nservices = {{ tyres = \"101\" }}")).unwrap();
    let CalendarConfig::Acuity(found) = found.calendar else { panic!("{:?}", found.calendar) };
    assert_eq!((found.calendar, found.services["tyres"]), (Some(7), 101));
}
