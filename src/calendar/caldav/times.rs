//! Times as iCalendar writes them: dates, local times, instants, lengths.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::ical::{Component, Line};
use super::zones::Zone;

/// A time with the zone its local reading is meant in.
#[derive(Debug, Clone)]
pub(super) struct When {
    pub(super) local: DateTime,
    pub(super) zone: Zone,
    /// A date: the whole day.
    pub(super) whole_day: bool,
}

/// How long an occurrence lasts: days on the calendar, then seconds on the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) days: i64,
    pub(super) seconds: i64,
}

/// Reads one value of a line; dates and floating times are meant in `own`.
pub(super) fn when(value: &str, line: &Line, calendar: &Component, own: &TimeZone) -> Option<When> {
    let value = value.trim();
    let local = local(value)?;
    let zone = match line.param("TZID") {
        _ if value.ends_with(['Z', 'z']) => Zone::Known(TimeZone::UTC),
        Some(id) => Zone::named(id.trim(), calendar, own),
        None => Zone::Known(own.clone()),
    };
    Some(When { local, zone, whole_day: !value.contains(['T', 't']) })
}

/// The digits of a date ("20261201", midnight) or of a time ("20261201T090000Z"), whatever zone they are meant in.
pub(super) fn local(value: &str) -> Option<DateTime> {
    let value = value.trim();
    let number = |from: usize, to: usize| -> Option<i16> {
        value.get(from..to).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
    };
    let date = Date::new(number(0, 4)?, number(4, 6)? as i8, number(6, 8)? as i8).ok()?;
    if value.len() == 8 {
        return Some(date.to_datetime(Time::midnight()));
    }
    let seconds = number(13, 15).unwrap_or(0).min(59);
    let time = Time::new(number(9, 11)? as i8, number(11, 13)? as i8, seconds as i8, 0).ok()?;
    Some(date.to_datetime(time))
}

/// An event's length: to its DTEND, or its DURATION, else a day for a date and nothing for a time.
pub(super) fn length(
    event: &Component,
    start: &When,
    calendar: &Component,
    own: &TimeZone,
    budget: &mut u32,
) -> Option<Length> {
    if let Some(line) = event.line("DTEND") {
        let end = when(&line.value, line, calendar, own)?;
        return Some(match start.whole_day {
            true => Length { days: end.local.duration_since(start.local).as_secs() / DAY_SECONDS, seconds: 0 },
            false => {
                let (from, to) = (start.zone.instant(start.local, budget)?, end.zone.instant(end.local, budget)?);
                Length { days: 0, seconds: to.duration_since(from).as_secs() }
            }
        });
    }
    match event.value("DURATION") {
        Some(text) => duration(text),
        None => Some(Length { days: i64::from(start.whole_day), seconds: 0 }),
    }
}

/// "P1DT2H", "PT30M", "P2W".
pub(super) fn duration(text: &str) -> Option<Length> {
    let text = text.trim().trim_start_matches('+').strip_prefix(['P', 'p'])?;
    let (mut length, mut digits) = (Length { days: 0, seconds: 0 }, String::new());
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let number = || digits.parse::<i64>().ok().filter(|n| *n <= DURATION_MAX);
        match c.to_ascii_uppercase() {
            'T' => {}
            'W' => length.days += number()? * 7,
            'D' => length.days += number()?,
            'H' => length.seconds += number()? * 3600,
            'M' => length.seconds += number()? * 60,
            'S' => length.seconds += number()?,
            _ => return None,
        }
        digits.clear();
    }
    Some(length)
}

/// The end of an occurrence.
pub(super) fn end(start: DateTime, zone: &Zone, length: Length, budget: &mut u32) -> Option<Timestamp> {
    let days = i32::try_from(length.days).ok()?;
    let day = start.checked_add(days.days()).ok()?;
    zone.instant(day, budget)?.checked_add(SignedDuration::from_secs(length.seconds)).ok()
}

/// An instant in UTC's digits.
pub(in crate::calendar) fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// Largest number in a duration: a century of seconds.
const DURATION_MAX: i64 = 3_200_000_000;
