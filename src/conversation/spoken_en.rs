//! Dates and times as they are read out in English.

use jiff::civil::{Date, Time};

/// "2:30 PM", "3 PM", "noon".
pub(super) fn time(time: Time) -> String {
    if (time.hour(), time.minute()) == (12, 0) {
        return "noon".into();
    }
    let half = if time.hour() < 12 { "AM" } else { "PM" };
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    if time.minute() == 0 { format!("{hour} {half}") } else { format!("{hour}:{:02} {half}", time.minute()) }
}

/// "Tuesday, November 24th".
pub(super) fn date(date: Date) -> String {
    format!("{}, {} {}", date.strftime("%A"), date.strftime("%B"), ordinal(date.day()))
}

fn ordinal(day: i8) -> String {
    let ending = match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

/// Monday first.
pub(super) const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// "an oil change", "a cleaning".
pub(super) fn with_article(service: &str) -> String {
    let vowel = service.chars().next().is_some_and(|c| "aeiouAEIO".contains(c));
    format!("{} {service}", if vowel { "an" } else { "a" })
}
