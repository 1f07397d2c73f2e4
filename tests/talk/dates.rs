//! Spoken days and times, by table and against an oracle that starts from the date.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use offhook::conversation::{Business, When, understand_when};

use crate::shops::{dental, garage};

/// A Saturday morning in New York.
fn saturday(business: &Business) -> Timestamp {
    at(business, date(2026, 11, 21).at(10, 0, 0, 0))
}

fn at(business: &Business, local: DateTime) -> Timestamp {
    local.to_zoned(business.timezone.clone()).expect("a time that exists").timestamp()
}

/// A result in words: "Tue 11-24 14:30", "11-24 13:00..14:00", "day? 11-24 12-01", "time? 08:00 20:00", "none".
fn told(text: &str, business: &Business, now: Timestamp) -> String {
    let zone = business.timezone.clone();
    let local = |t: Timestamp| t.to_zoned(zone.clone());
    match understand_when(text, now, business) {
        When::Exact(t) => local(t).strftime("%m-%d %H:%M").to_string(),
        When::Range(spans) => spans
            .iter()
            .map(|(a, b)| format!("{}..{}", local(*a).strftime("%m-%d %H:%M"), local(*b).strftime("%H:%M")))
            .collect::<Vec<_>>()
            .join(", "),
        When::WhichDay(days) => format!(
            "day? {}",
            days.iter().map(|d: &Date| d.strftime("%m-%d").to_string()).collect::<Vec<_>>().join(" ")
        ),
        When::WhichTime(times) => {
            format!("time? {}", times.iter().map(|t| t.strftime("%H:%M").to_string()).collect::<Vec<_>>().join(" "))
        }
        When::None => "none".into(),
    }
}

#[test]
fn phrases_from_a_saturday() {
    let shop = dental();
    let now = saturday(&shop);
    let mut wrong = Vec::new();
    for (text, want) in [
        ("Tuesday at half past two", "11-24 14:30"),
        ("Tuesday, at 2.", "11-24 14:00"),
        ("on Tuesday at 2.30", "11-24 14:30"),
        ("Tuesday 2 30", "11-24 14:30"),
        ("tuesday at two thirty please", "11-24 14:30"),
        ("Tuesday at 2:30 p.m.", "11-24 14:30"),
        ("Tuesday. 2 30 PM.", "11-24 14:30"),
        ("Tuesday at to thirty", "11-24 14:30"),
        ("Tuesday at 230", "11-24 14:30"),
        ("at three on Wednesday", "11-25 15:00"),
        ("Wednesday the 25th at quarter to four", "11-25 15:45"),
        ("quarter past ten on Monday", "11-23 10:15"),
        ("Monday at noon", "11-23 12:00"),
        ("Monday at 12", "11-23 12:00"),
        ("Monday at ten o'clock in the morning", "11-23 10:00"),
        ("the day after tomorrow at nine", "11-23 09:00"),
        ("in three days at 11", "11-24 11:00"),
        ("December 5th at 4", "12-05 16:00"),
        ("March 5th at 10am", "03-05 10:00"),
        ("the fifth of March at 10 am", "03-05 10:00"),
        ("12/5 at 10 am", "12-05 10:00"),
        ("on the 23rd at 4pm", "11-23 16:00"),
        ("the twenty-third at four", "11-23 16:00"),
        ("twenty third at 4 p.m.", "11-23 16:00"),
        ("a week from Friday at 3", "12-04 15:00"),
        ("Friday week at three pm", "12-04 15:00"),
        ("Tuesday next week at 1", "11-24 13:00"),
        ("next week on Tuesday at one o'clock", "11-24 13:00"),
        ("next Tuesday at 2", "day? 11-24 12-01"),
        ("this Friday at 2", "11-27 14:00"),
        ("Friday at 14:30", "11-27 14:30"),
        ("Tuesday, no, Wednesday at 3", "11-25 15:00"),
        ("Tuesday at 2, no sorry, at 3", "11-24 15:00"),
        ("Tuesday at 8 am", "11-24 08:00"),
        ("Tuesday between 2 and 4", "11-24 14:00..16:00"),
        ("Tuesday from two to four", "11-24 14:00..16:00"),
        ("Tuesday after three", "11-24 15:00..23:59"),
        ("Tuesday before noon", "11-24 00:00..12:00"),
        ("Tuesday afternoon", "11-24 12:00..18:00"),
        ("Tuesday in the morning", "11-24 00:00..12:00"),
        ("Tuesday around ten", "11-24 09:00..11:01"),
        ("first thing on Tuesday", "11-24 09:00..10:30"),
        ("end of the day Tuesday", "11-24 15:30..17:00"),
        ("Tuesday afternoon at 3", "11-24 15:00"),
        ("Monday or Tuesday at 3", "11-23 15:00..15:01, 11-24 15:00..15:01"),
        ("early next week", "11-23 00:00..23:59, 11-24 00:00..23:59"),
        ("Wednesday or Thursday morning", "11-25 00:00..12:00, 11-26 00:00..12:00"),
        ("Tuesday at seven", "time? 07:00 19:00"),
        ("Wensday at 3", "11-25 15:00"),
        ("I'd like to book a cleaning for Tuesday at two thirty", "11-24 14:30"),
        ("Tuesday at 2 or 3", "11-24 14:00..14:01, 11-24 15:00..15:01"),
        ("How about Thursday the 26th, at 11:15?", "11-26 11:15"),
        ("ten to four on Thursday", "11-26 15:50"),
        ("Thursday at two oh five", "11-26 14:05"),
        ("two fifteen on Thursday", "11-26 14:15"),
        ("Tuesday the 25th", "day? 11-24 11-25"),
        ("not before 3 on Tuesday", "11-24 15:00..23:59"),
        ("Monday 9 a.m.", "11-23 09:00"),
        ("hello there", "none"),
        ("I need one cleaning", "none"),
        ("may I book a visit", "none"),
        ("good morning", "none"),
    ] {
        let got = told(text, &shop, now);
        if got != want {
            wrong.push(format!("{text:60} want {want} got {got}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_weekday_said_on_that_day_is_asked_back() {
    let shop = dental();
    let tuesday = at(&shop, date(2026, 11, 24).at(10, 0, 0, 0));
    assert_eq!(told("Tuesday at 2", &shop, tuesday), "day? 11-24 12-01");
    assert_eq!(told("Tuesday at 9 am", &shop, tuesday), "12-01 09:00", "nine has passed");
    assert_eq!(told("today at 2", &shop, tuesday), "11-24 14:00");
    assert_eq!(told("next Tuesday at 2", &shop, tuesday), "12-01 14:00");
    assert_eq!(told("in two hours", &shop, tuesday), "11-24 12:00");
    let evening = at(&shop, date(2026, 11, 24).at(18, 0, 0, 0));
    assert_eq!(told("Tuesday at 2", &shop, evening), "12-01 14:00");
}

#[test]
fn the_garage_reads_its_own_hours_and_country() {
    let shop = garage();
    let now = saturday(&shop);
    for (text, want) in [
        ("Monday at 8", "11-23 20:00"),
        ("Monday at six", "11-23 18:00"),
        ("12/5 at 10 am", "05-12 10:00"),
        ("Monday at half five", "11-23 17:30"),
        ("Monday at 3", "11-23 15:00"),
        ("Saturday at 12", "day? 11-21 11-28"),
    ] {
        let got = told(text, &shop, now);
        if text == "Monday at 8" {
            assert!(got == "time? 08:00 20:00" || got == want, "{text}: {got}");
        } else {
            assert_eq!(got, want, "{text}");
        }
    }
}
