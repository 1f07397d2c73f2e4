//! A configuration is read whole, or refused with the line and the remedy.

use jiff::civil::{Weekday, date, time};
use offhook::config::{
    CalendarConfig, Config, ConfigError, CrmConfig, DEMO_TOML, LogFormat, SpeechModel, load_from, parse,
};
use offhook::conversation::{Span, Verify};
use proptest::prelude::*;

const GARAGE: &str = r#"
[business]
id = "taller"
name = "Taller Ruiz"
address = "Calle Mayor 3"
timezone = "Europe/Madrid"
language = "es"
country = "ES"
numbers = ["+34915550100", "demo"]
lead_minutes = 120
horizon_days = 30
slot_minutes = 15
greet_by_name = false
verify = "number"
emergency = "Call one one two."
closures = [2026-12-25, "2027-01-06"]
[business.hours]
mon = ["16:00-19:30", "8:30-14:00"]
sat = "9-13"
[[services]]
id = "oil_change"
aliases = ["oil"]
minutes = 45
[[services]]
id = "tyres"
name = "tyre change"
minutes = 60
[[faqs]]
questions = ["Do you tow?"]
answer = "Within the city, yes."
[businesses.bike]
name = "Bike Shop"
timezone = "Asia/Kathmandu"
country = "NP"
[businesses.bike.hours]
sun = "10:00-18:00"
[[businesses.bike.services]]
id = "repair"
minutes = 20
[[businesses.bike.faqs]]
questions = ["Rentals?"]
answer = "No."
[sip]
listen = ["udp:127.0.0.1:0", "udp:[::1]:5062"]
allow = ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"]
drain_seconds = 5
advertised = "203.0.113.7"
max_calls = 7
[media]
rtp_ports = "30000-30099"
[speech]
model = "base"
threads = 3
[voice]
model = "voices/ana.onnx"
espeak = "/usr/bin/espeak-ng"
[calendar]
kind = "builtin"
[crm]
kind = "builtin"
[store]
url = "sqlite:var/desk.db"
[http]
listen = "127.0.0.1:0"
api_token = "a-token-of-mine"
[log]
level = "info,offhook::sip=debug"
format = "json"
[testing]
now = 2026-11-23T09:00:00-05:00
"#;

/// Each change of a file is refused at its line, and says why.
pub fn assert_refused(file: &str, changes: &[(&str, &str, u32, &str)]) {
    for (old, new, line, why) in changes {
        assert!(file.contains(old), "{old}");
        let error = refused(&file.replace(old, new));
        assert!(error.contains(&format!("offhook.toml:{line}:")) && error.contains(why), "{new}: {error}");
    }
}

fn refused(text: &str) -> String {
    parse("offhook.toml", text).expect_err("this must be refused").to_string()
}

fn without_environment(path: Option<&std::path::Path>) -> Result<Config, ConfigError> {
    load_from(path, |_| None)
}

#[test]
fn every_key_arrives() {
    let config = parse("garage.toml", GARAGE).unwrap();
    let [garage, bike] = config.businesses.as_slice() else { panic!("two businesses: {:?}", config.businesses) };
    assert_eq!((garage.id.as_str(), garage.name.as_str()), ("taller", "Taller Ruiz"));
    assert_eq!(garage.address.as_deref(), Some("Calle Mayor 3"));
    assert_eq!(garage.timezone.iana_name(), Some("Europe/Madrid"));
    assert_eq!((garage.language.as_str(), garage.country.as_str()), ("es", "ES"));
    assert_eq!((garage.lead_minutes, garage.horizon_days, garage.slot_minutes), (120, 30, 15));
    assert!(!garage.greet_by_name);
    assert_eq!((garage.verify, garage.emergency.as_deref()), (Verify::Number, Some("Call one one two.")));
    assert_eq!(garage.closures, [date(2026, 12, 25), date(2027, 1, 6)]);
    let span = |from, to| Span { from, to };
    let monday = Weekday::Monday.to_monday_zero_offset() as usize;
    let parts = [span(time(8, 30, 0, 0), time(14, 0, 0, 0)), span(time(16, 0, 0, 0), time(19, 30, 0, 0))];
    assert_eq!(garage.hours[monday], parts, "in order, whatever the order written");
    assert_eq!(garage.hours[5], [span(time(9, 0, 0, 0), time(13, 0, 0, 0))]);
    assert!(garage.hours[1].is_empty(), "a day that is absent is closed");
    assert_eq!(garage.services[0].name, "oil change", "a service without a name is called by its id");
    assert_eq!((garage.services[1].name.as_str(), garage.services[1].minutes), ("tyre change", 60));
    assert_eq!(garage.faqs[0].answer, "Within the city, yes.");
    assert_eq!((bike.id.as_str(), bike.services.len(), bike.faqs.len()), ("bike", 1, 1));
    assert_eq!(config.business_for("demo").unwrap().id, "taller");
    assert_eq!(config.business_for("anything").unwrap().id, "bike", "the one that lists no numbers");
    assert_eq!(config.sip.listen[1].to_string(), "udp:[::1]:5062");
    assert!(config.sip.allow[0].contains("203.0.113.200".parse().unwrap()));
    assert!(!config.sip.allow[0].contains("203.0.114.1".parse().unwrap()));
    assert!(config.sip.allow[1].contains("2001:db8:1::1".parse().unwrap()));
    assert!(!config.sip.allow[2].contains("198.51.100.8".parse().unwrap()));
    assert_eq!((config.sip.drain.as_secs(), config.sip.max_calls), (5, 7));
    assert_eq!(config.sip.advertised, Some("203.0.113.7".parse().unwrap()));
    assert_eq!(config.media.rtp_ports, 30_000..=30_099);
    assert_eq!((config.speech.model, config.speech.threads), (SpeechModel::Base, Some(3)));
    assert_eq!(config.voice.model.as_deref(), Some("voices/ana.onnx".as_ref()));
    assert_eq!(config.voice.espeak, "/usr/bin/espeak-ng");
    assert_eq!((config.calendar, config.crm), (CalendarConfig::Builtin, CrmConfig::Builtin));
    assert_eq!(config.store.data_dir(), "var");
    assert_eq!(config.http.api_token.unwrap().reveal(), "a-token-of-mine");
    assert_eq!((config.log.level.as_str(), config.log.format), ("info,offhook::sip=debug", LogFormat::Json));
    assert_eq!(config.testing.now, Some("2026-11-23T14:00:00Z".parse().unwrap()));
}

#[test]
fn the_demo_is_a_whole_configuration_and_its_comments_are_true() {
    let demo = parse("demo", DEMO_TOML).unwrap();
    assert_eq!(demo.businesses.len(), 1);
    // Commented keys claim to show defaults: switched on, nothing may change.
    let shown: String = DEMO_TOML.lines().map(|line| format!("{}\n", switched_on(line))).collect();
    let defaults = parse("demo, defaults written out", &shown).unwrap();
    assert_eq!(defaults.sip.listen, demo.sip.listen);
    assert_eq!(defaults.sip.allow, demo.sip.allow);
    assert_eq!((defaults.sip.drain, defaults.sip.max_calls), (demo.sip.drain, demo.sip.max_calls));
    assert_eq!((defaults.media, defaults.store), (demo.media, demo.store));
    assert_eq!((defaults.speech.model, defaults.voice.espeak), (demo.speech.model, demo.voice.espeak));
    assert_eq!((defaults.http.listen, defaults.log), (demo.http.listen, demo.log));
}

/// A commented line that shows a default, without its `#`; examples and prose stay comments.
fn switched_on(line: &str) -> &str {
    let examples =
        ["numbers", "closures", "advertised", "threads", "model = \"voices", "api_token", "[testing]", "now"];
    match line.strip_prefix("# ") {
        Some(key) if key.contains(" = ") && !examples.iter().any(|example| key.starts_with(example)) => {
            if key.split(" = ").next().is_some_and(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')) {
                key
            } else {
                line
            }
        }
        _ => line,
    }
}

#[test]
fn the_trunk_template_fits_into_a_configuration() {
    // Up to its own [sip] section the demo says who answers.
    let business = DEMO_TOML.split("[sip]").next().unwrap();
    let config = parse("trunk", &format!("{business}{}", include_str!("../../sip-config/trunk.toml"))).unwrap();
    assert_eq!(config.sip.advertised.map(|ip| ip.to_string()).as_deref(), Some("198.51.100.7"));
    assert_eq!(config.sip.allow.len(), 2);
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_known_ones() {
    let text = GARAGE.replace("slot_minutes = 15", "slot_minuts = 15");
    let line = 1 + GARAGE.lines().position(|line| line.starts_with("slot_minutes")).unwrap();
    let message = refused(&text);
    assert!(message.starts_with(&format!("offhook.toml:{line}: unknown key `slot_minuts` in [business]")), "{message}");
    assert!(message.contains("known keys:") && message.contains("slot_minutes"), "{message}");
    let message = refused("[bussiness]\nname = \"x\"\n");
    assert!(message.starts_with("offhook.toml:1: unknown key `bussiness`; known keys: business"), "{message}");
}

#[test]
fn a_value_that_cannot_be_is_refused_with_its_line_and_the_remedy() {
    for (written, instead, says) in [
        ("sat = \"9-13\"", "sat = \"13-9\"", "ends before it begins"),
        ("sat = \"9-13\"", "sat = \"morning\"", "9:00-17:00"),
        ("sat = \"9-13\"", "sat = 9", "in quotes"),
        ("sat = \"9-13\"", "sat = [\"9-13\", \"12-14\"]", "overlap"),
        ("timezone = \"Europe/Madrid\"", "timezone = \"Madrid\"", "IANA"),
        ("language = \"es\"", "language = \"Spanish!\"", "language tag"),
        ("country = \"ES\"", "country = \"Spain\"", "two capital letters"),
        ("verify = \"number\"", "verify = \"trust\"", "caller_id"),
        ("emergency = \"Call one one two.\"", "emergency = \"  \"", "emergency is empty"),
        ("lead_minutes = 120", "lead_minutes = -1", "between 0 and"),
        ("closures = [2026-12-25, \"2027-01-06\"]", "closures = [\"Christmas\"]", "2026-12-25"),
        ("id = \"oil_change\"", "id = \"Oil change\"", "not an id"),
        ("id = \"tyres\"", "id = \"oil_change\"", "two services"),
        ("name = \"tyre change\"", "name = \"OIL\"", "already names another service"),
        ("minutes = 60", "minutes = 0", "between 5 and"),
        ("questions = [\"Do you tow?\"]", "questions = []", "at least one"),
        ("listen = [\"udp:127.0.0.1:0\", \"udp:[::1]:5062\"]", "listen = [\"sctp:127.0.0.1:0\"]", "udp:0.0.0.0:5060"),
        ("listen = [\"udp:127.0.0.1:0\", \"udp:[::1]:5062\"]", "listen = [\"tls:127.0.0.1:0\"]", "[sip.tls]"),
        ("listen = [\"udp:127.0.0.1:0\", \"udp:[::1]:5062\"]", "listen = []", "nothing to listen on"),
        ("allow = [\"203.0.113.0/24\"", "allow = [\"203.0.113.0/33\"", "not a network"),
        ("rtp_ports = \"30000-30099\"", "rtp_ports = \"30000-30009\"", "max_calls is 7"),
        ("rtp_ports = \"30000-30099\"", "rtp_ports = \"30099-30000\"", "range of ports"),
        ("model = \"base\"", "model = \"huge\"", "tiny.en"),
        ("model = \"voices/ana.onnx\"", "model = \"ana\"", ".onnx"),
        ("kind = \"builtin\"", "kind = \"outlook\"", "known: builtin"),
        ("url = \"sqlite:var/desk.db\"", "url = \"postgres://x\"", "sqlite:data/offhook.db"),
        ("api_token = \"a-token-of-mine\"", "api_token = \"two words\"", "visible ASCII"),
        ("format = \"json\"", "format = \"xml\"", "known: text, json"),
        ("now = 2026-11-23T09:00:00-05:00", "now = \"noon\"", "with its offset"),
    ] {
        assert!(GARAGE.contains(written), "{written}");
        let text = GARAGE.replacen(written, instead, 1);
        let lines: Vec<&str> = text.lines().collect();
        let line = 1 + lines.iter().rposition(|line| line.starts_with(instead.split("\", ").next().unwrap())).unwrap();
        let message = refused(&text);
        assert!(message.starts_with(&format!("offhook.toml:{line}: ")), "{instead}: {message}");
        assert!(message.contains(says), "{instead}: {message}");
    }
}

#[test]
fn a_caldav_calendar_says_what_is_wrong_with_it() {
    let written = "[calendar]\nkind = \"builtin\"\n";
    assert!(GARAGE.contains(written));
    let with = |lines: &str| GARAGE.replacen(written, &format!("[calendar]\n{lines}\n"), 1);
    let address = "kind = \"caldav\"\nurl = \"https://cal.example/\"";
    let place = GARAGE.lines().position(|line| line == "[calendar]").unwrap() + 1;
    for (lines, line, says) in [
        ("kind = \"caldav\"".to_owned(), 1, "a CalDAV calendar has a url"),
        ("kind = \"builtin\"\nurl = \"https://cal.example/\"".to_owned(), 2, "the built-in calendar has no url"),
        ("kind = \"caldav\"\nurl = \"cal.example\"".to_owned(), 2, "is no address"),
        ("kind = \"caldav\"\nurl = \"https://me:hunter2@cal.example/\"".to_owned(), 2, "use username and password"),
        (format!("{address}\nusername = \"desk\""), 3, "without a password"),
        (format!("{address}\npassword = \"hunter2\""), 3, "without username"),
        (format!("{address}\nusername = \"desk\"\npassword = \"hunter2\"\npassword_env = \"A\""), 5, "keep one"),
        (format!("{address}\nusername = \"desk\"\npassword_env = \"OFFHOOK_NO_SUCH\""), 4, "OFFHOOK_NO_SUCH"),
        (format!("{address}\nusername = \"desk\"\npassword_file = \"/no/such/file\""), 4, "/no/such/file"),
        (format!("{address}\norganizer = \"nobody\""), 3, "no e-mail address"),
    ] {
        let message = refused(&with(&lines));
        assert!(message.starts_with(&format!("offhook.toml:{}: ", place + line)), "{lines}: {message}");
        assert!(message.contains(says) && !message.contains("hunter2"), "{lines}: {message}");
    }
    let good = with(&format!("{address}\nusername = \"desk\"\npassword = \"hunter2\"\ncalendar = \"Front\""));
    let config = parse("offhook.toml", &good).unwrap();
    assert!(matches!(&config.calendar, CalendarConfig::CalDav(remote) if remote.calendar.as_deref() == Some("Front")));
    assert!(!format!("{config:?}").contains("hunter2"), "a secret is never printed");
}

#[test]
fn what_is_missing_is_named() {
    assert!(refused("").contains("no business"));
    assert!(refused("[business]\n").contains("has no name"));
    let open = "[business]\nname = \"A\"\ntimezone = \"UTC\"\ncountry = \"US\"\n";
    assert!(refused(open).contains("no opening hours"));
    assert!(refused(&format!("{open}[business.hours]\n")).contains("never open"));
    assert!(refused("[[services]]\nid = \"a\"\nminutes = 30\n").contains("belong to [business]"));
    let two = format!(
        "{open}[business.hours]\nmon = \"9-17\"\n[businesses.b]\nname = \"B\"\ntimezone = \"UTC\"\ncountry = \"US\"\n\
         [businesses.b.hours]\nmon = \"9-17\"\n"
    );
    assert!(refused(&two).contains("numbers = [...]"), "two that would answer any number");
    assert!(refused("business = ").starts_with("offhook.toml:1: "), "not TOML at all");
}

#[test]
fn the_environment_and_a_file_can_hold_the_token() {
    let dir = tempfile::tempdir().unwrap();
    let (file, token) = (dir.path().join("offhook.toml"), dir.path().join("token"));
    std::fs::write(&token, "kept-in-a-file\n").unwrap();
    let line = format!("api_token_file = \"{}\"", token.display());
    std::fs::write(&file, GARAGE.replace("api_token = \"a-token-of-mine\"", &line)).unwrap();
    let config = without_environment(Some(&file)).unwrap();
    assert_eq!(config.http.api_token.as_ref().unwrap().reveal(), "kept-in-a-file");
    assert!(!format!("{config:?}").contains("kept-in-a-file"), "a secret is never printed");
    let config = load_from(Some(&file), |name| (name == "OFFHOOK_API_TOKEN").then(|| "from-outside".into())).unwrap();
    assert_eq!(config.http.api_token.unwrap().reveal(), "from-outside");
    let error = load_from(Some(&file), |name| (name == "OFFHOOK_API_TOKEN").then(|| "\u{7f}".into())).unwrap_err();
    assert!(error.to_string().contains("OFFHOOK_API_TOKEN"));
    let error = without_environment(Some(&dir.path().join("absent.toml"))).unwrap_err();
    assert!(error.to_string().contains("absent.toml"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = parse("any", &text);
    }

    #[test]
    fn no_damage_to_a_good_file_makes_it_panic(at in 0..GARAGE.len(), cut in 0..40_usize, put in "[\\PC\n\"=\\[\\]]{0,12}") {
        let mut bytes = GARAGE.as_bytes().to_vec();
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, put.bytes());
        if let Err(error) = parse("any", &String::from_utf8_lossy(&bytes)) {
            prop_assert!(error.to_string().starts_with("any:"));
        }
    }
}
