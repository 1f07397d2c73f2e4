//! `[[webhooks]]` is checked whole, and its secrets are in no error.

use offhook::config::{Config, ConfigError, parse};
use offhook::events::Kind;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn with(webhooks: &str) -> Result<Config, ConfigError> {
    parse("offhook.toml", &format!("{}\n{webhooks}", offhook::config::DEMO_TOML))
}

#[test]
fn a_good_one_is_read() {
    let config = with(&format!(
        "[[webhooks]]\nname = \"zapier\"\nurl = \"https://hooks.example.com/x\"\nsecrets = [\"{SECRET}\"]\n\
         events = [\"appointment.*\", \"call.ended\"]\n\
         [[webhooks]]\nname = \"n8n\"\nurl = \"http://127.0.0.1:5678/\"\nsecrets = [\"{SECRET}\"]\nallow_private = true\n"
    ))
    .unwrap();
    let [zapier, n8n] = &config.webhooks[..] else { panic!("{:?}", config.webhooks) };
    let appointments = [Kind::AppointmentBooked, Kind::AppointmentMoved, Kind::AppointmentCancelled];
    assert_eq!(zapier.kinds, [&[Kind::CallEnded][..], &appointments].concat());
    assert_eq!(n8n.kinds, Kind::ALL);
    assert!(!zapier.allow_private && n8n.allow_private);
    assert!(!format!("{config:?}").contains("MfKQ"), "secrets are not shown");
}

#[test]
fn what_cannot_be_is_refused_with_its_remedy() {
    let one = |rest: &str| format!("[[webhooks]]\nname = \"zapier\"\n{rest}\n");
    let signed = format!("url = \"https://a.example/\"\nsecrets = [\"{SECRET}\"]");
    for (text, wanted) in [
        (one("url = \"https://a.example/\""), "no secret"),
        (one("url = \"https://a.example/\"\nsecrets = [\"short\"]"), "can be guessed"),
        (one("url = \"https://a.example/\"\nsecrets = [\"whsec_!\"]"), "not base64"),
        (one(&format!("url = \"http://a.example/\"\nsecrets = [\"{SECRET}\"]")), "allow_private"),
        (one(&format!("{signed}\nevents = [\"call.rang\"]")), "no such event"),
        (one(&format!("{signed}\nsecrets_env = \"X\"")), "keep one"),
        (one(&signed) + &one(&signed), "two webhooks have this name"),
        (one(&signed).replace("zapier", "my hook"), "a name is"),
    ] {
        let error = with(&text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted}: {error}");
        assert!(!error.contains("MfKQ"), "{error}");
    }
}
