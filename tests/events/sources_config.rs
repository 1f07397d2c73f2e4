//! `[[sources]]` is checked whole.

use std::time::Duration;

use offhook::config::{Config, ConfigError, parse};

fn with(text: &str) -> Result<Config, ConfigError> {
    parse("offhook.toml", &format!("{}\n{text}", offhook::config::DEMO_TOML))
}

#[test]
fn a_platforms_usual_hosts_and_waits_are_known() {
    let config = with(
        "[[sources]]\nname = \"zoom\"\nkind = \"zoom\"\nsecrets = [\"a secret token of twenty-four\"]\n\
         allow = [\"203.0.113.0/24\"]\n",
    )
    .unwrap();
    let [zoom] = &config.sources[..] else { panic!("{:?}", config.sources) };
    assert!(zoom.meetings && zoom.hosts.contains(&"zoom.us".to_owned()));
    assert_eq!((zoom.wait, zoom.audio_after), (Duration::from_secs(24 * 3600), Duration::from_secs(3600)));
    assert!(zoom.allow.as_ref().unwrap()[0].contains("203.0.113.9".parse().unwrap()));
    assert!(!format!("{config:?}").contains("secret token"), "secrets are not shown");
}

#[test]
fn what_cannot_be_is_refused() {
    let secret = "secrets = [\"a secret token of twenty-four\"]";
    for (text, wanted) in [
        (format!("name = \"a\"\nkind = \"teams\"\n{secret}"), "no source"),
        ("name = \"a\"\nkind = \"zoom\"".to_owned(), "no secret"),
        (format!("name = \"a b\"\nkind = \"zoom\"\n{secret}"), "a name is"),
        (format!("name = \"a\"\nkind = \"zoom\"\n{secret}\nbusiness = \"nobody\""), "no business"),
        (format!("name = \"a\"\nkind = \"zoom\"\n{secret}\nallow = [\"here\"]"), "not a network"),
        (format!("name = \"a\"\nkind = \"gong\"\n{secret}\napi_url = \"https://api.gong.io\""), "go together"),
        ("name = \"a\"\nkind = \"gong\"\npublic_key_file = \"/nowhere\"".to_owned(), "cannot be read"),
    ] {
        let error = with(&format!("[[sources]]\n{text}\n")).unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
}
