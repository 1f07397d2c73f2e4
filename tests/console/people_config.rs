//! `[[escalation.duty]]`: how callers are put through is read, and what cannot work is refused with the line.

use std::time::Duration;

use offhook::config::parse;
use offhook::conversation::{Mode, Reach};

use crate::config::assert_refused;

const SHOP: &str = r#"
[business]
name = "Garage"
timezone = "Europe/Madrid"
country = "ES"
[business.hours]
mon = "9:00-17:00"

[[services]]
id = "tyres"
minutes = 60

[[trunks]]
name = "carrier"
registrar = "sip.example.com"
username = "box"
password = "secret"
show_caller = true

[[escalation.duty]]
name = "Ana"
number = "+34612345678"
trunk = "carrier"
answers_for = ["billing"]
ring_seconds = 12

[[escalation.duty]]
name = "Luis"
uri = "sip:luis@192.0.2.7"
transfer = "blind"

[[escalation.duty]]
name = "Eva"
number = "+34612345679"
"#;

#[test]
fn who_has_a_trunk_or_an_address_can_be_called() {
    let config = parse("offhook.toml", SHOP).unwrap();
    assert!(config.trunks[0].show_caller);
    let [ana, luis, eva] = config.businesses[0].policy.escalation.duty.as_slice() else { panic!("three people") };
    let reach = |mode, trunk: Option<&str>, ring| {
        Some(Reach { mode, trunk: trunk.map(str::to_owned), ring: Duration::from_secs(ring), keys: String::new() })
    };
    assert_eq!(
        (&ana.reach, &ana.answers_for),
        (&reach(Mode::Bridged, Some("carrier"), 12), &vec!["billing".to_owned()])
    );
    assert_eq!((&luis.reach, luis.number.as_str()), (&reach(Mode::Blind, None, 20), "sip:luis@192.0.2.7"));
    assert_eq!(eva.reach, None, "only named in the record");
}

#[test]
fn what_cannot_work_is_refused_with_its_line() {
    let changes = [
        (
            "trunk = \"carrier\"",
            "trunk = \"carier\"",
            23,
            "no trunk is named `carier`; name one of [[trunks]]: there is carrier",
        ),
        ("trunk = \"carrier\"", "transfer = \"bridged\"", 21, "put through to a number by a trunk"),
        ("transfer = \"blind\"", "transfer = \"warm\"", 30, "known are bridged, blind and attended"),
        ("sip:luis@192.0.2.7", "luis", 29, "no SIP address"),
        ("sip:luis@192.0.2.7", "sip:luis@x?Replaces=1", 29, "no SIP address"),
        ("ring_seconds = 12", "ring_seconds = 1", 25, "ring_seconds"),
        ("ring_seconds = 12", "keys = \"12w\"", 25, "0-9, *, # and commas"),
        ("transfer = \"blind\"", "transfer = \"blind\"\nkeys = \"2\"", 28, "presses no keys"),
        ("number = \"+34612345679\"", "", 33, "has no number"),
    ];
    assert_refused(SHOP, &changes);
}
