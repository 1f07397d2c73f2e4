//! `[[staff]]`, `[[resources]]` and what services ask for: read, and refused with the line.

use offhook::config::parse;
use offhook::conversation::Rules;

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
buffer_before_minutes = 5
buffer_after_minutes = 15
max_per_day = 4
lead_minutes = 0
horizon_days = 10

[[services]]
id = "wash"
minutes = 20

[[staff]]
name = "Ana"
services = ["tyres"]
hours = { mon = ["9:00-12:00", "13:00-15:00"] }

[[staff]]
name = "Luis"

[[resources]]
name = "bay 1"
services = ["tyres"]
"#;

#[test]
fn everything_that_is_written_is_known() {
    let config = parse("offhook.toml", SHOP).unwrap();
    let business = &config.businesses[0];
    let rules =
        Rules { before_minutes: 5, after_minutes: 15, per_day: Some(4), lead_minutes: Some(0), horizon_days: Some(10) };
    assert_eq!((business.rules("tyres"), business.rules("wash")), (rules, Rules::default()));
    let [ana, luis] = business.capacity.staff.as_slice() else { panic!("two people") };
    assert!(ana.does("tyres") && !ana.does("wash") && luis.does("wash"));
    assert_eq!(ana.hours.as_ref().map(|week| (week[0].len(), week[1].len())), Some((2, 0)));
    assert_eq!(luis.hours, None);
    assert!(business.capacity.resources[0].is_for("tyres"));
}

#[test]
fn what_cannot_be_is_refused_with_its_line() {
    let changes = [
        (
            "services = [\"tyres\"]\nhours",
            "services = [\"tires\"]\nhours",
            24,
            "no service `tires`; known: tyres, wash",
        ),
        ("name = \"Luis\"", "name = \"ana\"", 28, "two are called `ana`"),
        ("max_per_day = 4", "max_per_day = 0", 14, "between 1 and"),
        ("buffer_after_minutes = 15", "buffer_after_minutes = 500", 13, "between 0 and"),
        ("horizon_days = 10", "horizon_days = 0", 16, "between 1 and"),
        ("[\"9:00-12:00\", \"13:00-15:00\"]", "[\"9:00-12:00\", \"11:00-15:00\"]", 25, "overlap"),
        ("name = \"bay 1\"", "name = \"\"", 31, "empty"),
    ];
    assert_refused(SHOP, &changes);
}

#[test]
fn another_calendar_knows_no_staff() {
    let remote = format!("{SHOP}\n[calendar]\nkind = \"caldav\"\nurl = \"http://127.0.0.1/\"\n");
    let error = parse("offhook.toml", &remote).unwrap_err().to_string();
    assert!(error.contains("need the built-in calendar"), "{error}");
}
