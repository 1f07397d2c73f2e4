//! Dates, times and hours as they are read out.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::business::Business;

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

/// "Tuesday, November 24th at 2:30 PM".
pub(super) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    format!("{} at {}", date(local.date()), time(local.time()))
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

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// "We're open Monday to Friday, 9 AM to 5 PM."
pub(super) fn hours(business: &Business) -> String {
    let mut parts = Vec::new();
    let mut day = 0;
    while day < 7 {
        let last = (day..7).take_while(|d| business.hours[*d] == business.hours[day]).last().unwrap_or(day);
        if !business.hours[day].is_empty() {
            let days = match last - day {
                0 => DAYS[day].to_string(),
                1 => format!("{} and {}", DAYS[day], DAYS[last]),
                _ => format!("{} to {}", DAYS[day], DAYS[last]),
            };
            parts.push(format!("{days}, {}", spans(business, day)));
        }
        day = last + 1;
    }
    if parts.is_empty() { "We're closed at the moment.".into() } else { format!("We're open {}.", parts.join("; ")) }
}

/// "On Saturday, November 28th we're closed.", "... we're open 9 AM to 5 PM."
pub(super) fn hours_on(business: &Business, day: Date) -> String {
    let weekday = day.weekday().to_monday_zero_offset() as usize;
    if business.closures.contains(&day) || business.hours[weekday].is_empty() {
        return format!("On {} we're closed.", date(day));
    }
    format!("On {} we're open {}.", date(day), spans(business, weekday))
}

fn spans(business: &Business, weekday: usize) -> String {
    let spans: Vec<String> =
        business.hours[weekday].iter().map(|s| format!("{} to {}", time(s.from), time(s.to))).collect();
    spans.join(" and ")
}
