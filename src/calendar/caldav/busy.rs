//! What a calendar resource keeps busy inside a window: repeats expanded here, because not every server does it right.

use std::collections::HashSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::ical::{Component, Line};
use super::repeat::Rule;
use super::times::{self, When};
use crate::conversation::Slot;

/// A window, and what reading a whole answer may cost.
#[derive(Debug)]
pub(super) struct Window<'a> {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// Where dates and floating times are meant.
    pub(super) own: &'a TimeZone,
    /// Steps left.
    pub(super) budget: u32,
}

/// Spans that touch the window.
pub(super) fn busy(calendar: &Component, window: &mut Window<'_>) -> Vec<Slot> {
    let mut spans = Vec::new();
    for master in calendar.inner("VEVENT").filter(|event| event.line("RECURRENCE-ID").is_none()) {
        let moved = moved(calendar, master, window);
        if blocks(master) {
            spans.extend(occurrences(calendar, master, &moved, window).unwrap_or_default());
        }
    }
    for single in calendar.inner("VEVENT").filter(|event| event.line("RECURRENCE-ID").is_some() && blocks(event)) {
        let start = single.line("DTSTART").and_then(|line| times::when(&line.value, line, calendar, window.own));
        spans.extend(start.and_then(|start| one(calendar, single, &start, start.local, window)));
    }
    spans.retain(|span| span.starts_at < window.to && span.ends_at > window.from);
    spans
}

/// First start and end of an event, repeats aside.
pub(super) fn first_span(calendar: &Component, event: &Component, own: &TimeZone) -> Option<Slot> {
    let mut window = Window { from: Timestamp::MIN, to: Timestamp::MAX, own, budget: BUDGET };
    let line = event.line("DTSTART")?;
    let start = times::when(&line.value, line, calendar, own)?;
    one(calendar, event, &start, start.local, &mut window)
}

/// Cancelled and transparent events keep nobody from coming.
fn blocks(event: &Component) -> bool {
    let says = |name, word: &str| event.value(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(word));
    !says("STATUS", "CANCELLED") && !says("TRANSP", "TRANSPARENT")
}

/// The occurrences that have an event of their own.
fn moved(calendar: &Component, master: &Component, window: &mut Window<'_>) -> HashSet<Timestamp> {
    let same = |event: &&Component| event.value("UID") == master.value("UID");
    let lines: Vec<&Line> = calendar.inner("VEVENT").filter(same).filter_map(|e| e.line("RECURRENCE-ID")).collect();
    lines.into_iter().filter_map(|line| instant(&line.value, line, calendar, window)).collect()
}

fn instant(value: &str, line: &Line, calendar: &Component, window: &mut Window<'_>) -> Option<Timestamp> {
    let at = times::when(value, line, calendar, window.own)?;
    at.zone.instant(at.local, &mut window.budget)
}

fn occurrences(
    calendar: &Component,
    event: &Component,
    moved: &HashSet<Timestamp>,
    window: &mut Window<'_>,
) -> Option<Vec<Slot>> {
    let line = event.line("DTSTART")?;
    let start = times::when(&line.value, line, calendar, window.own)?;
    let length = times::length(event, &start, calendar, window.own, &mut window.budget)?;
    let longest = SignedDuration::from_secs(length.seconds.checked_add(length.days.checked_mul(DAY_SECONDS)?)?);
    let mut starts = vec![start.local];
    if let Some(text) = event.value("RRULE") {
        let from = civil(window.from.checked_sub(longest).unwrap_or(Timestamp::MIN), -MARGIN_DAYS);
        starts = repeats(text, &start, from, civil(window.to, MARGIN_DAYS), window)?;
    }
    for line in event.all("RDATE") {
        starts.extend(line.value.split(',').filter_map(|value| added(value, line, calendar, &start, window)));
    }
    let without = excluded(calendar, event, &start, window);
    let spans = starts.into_iter().filter(|at| !without.contains(at)).filter_map(|at| {
        let starts_at = start.zone.instant(at, &mut window.budget)?;
        let ends_at = times::end(at, &start.zone, length, &mut window.budget)?;
        (!moved.contains(&starts_at) && starts_at < ends_at).then_some(Slot { starts_at, ends_at })
    });
    Some(spans.collect())
}

fn repeats(text: &str, start: &When, from: DateTime, to: DateTime, window: &mut Window<'_>) -> Option<Vec<DateTime>> {
    let mut budget = window.budget;
    let until = |value: &str| -> Option<DateTime> {
        let at = times::local(value)?;
        match value.trim().len() {
            // A date names its whole day.
            8 => at.checked_add(1.day()).ok()?.checked_sub(1.second()).ok(),
            _ if value.trim().ends_with(['Z', 'z']) => {
                let at = TimeZone::UTC.to_ambiguous_timestamp(at).compatible().ok()?;
                start.zone.local(at, &mut { BUDGET })
            }
            _ => Some(at),
        }
    };
    let Some(rule) = Rule::read(text, start.local, until) else {
        // A rule nobody understands: its first time is all that is certain.
        return Some(vec![start.local]);
    };
    let starts = rule.starts(start.local, from, to, &mut budget);
    window.budget = budget;
    Some(starts)
}

/// An extra start; a PERIOD counts with its start.
fn added(value: &str, line: &Line, calendar: &Component, start: &When, window: &mut Window<'_>) -> Option<DateTime> {
    let value = value.split('/').next()?;
    let at = instant(value, line, calendar, window)?;
    start.zone.local(at, &mut window.budget)
}

/// The starts taken out, on the event's own clock; a date takes out its whole day.
fn excluded(calendar: &Component, event: &Component, start: &When, window: &mut Window<'_>) -> HashSet<DateTime> {
    let mut found = HashSet::new();
    for line in event.all("EXDATE") {
        for value in line.value.split(',') {
            let Some(at) = times::when(value, line, calendar, window.own) else { continue };
            if at.whole_day {
                found.insert(at.local.date().to_datetime(start.local.time()));
            } else if let Some(at) = at.zone.instant(at.local, &mut window.budget) {
                found.extend(start.zone.local(at, &mut window.budget));
            }
        }
    }
    found
}

fn one(calendar: &Component, event: &Component, start: &When, at: DateTime, window: &mut Window<'_>) -> Option<Slot> {
    let length = times::length(event, start, calendar, window.own, &mut window.budget)?;
    let starts_at = start.zone.instant(at, &mut window.budget)?;
    let ends_at = times::end(at, &start.zone, length, &mut window.budget)?;
    (starts_at < ends_at).then_some(Slot { starts_at, ends_at })
}

fn civil(at: Timestamp, days: i32) -> DateTime {
    let at = TimeZone::UTC.to_datetime(at);
    at.checked_add(days.days()).unwrap_or(if days < 0 { DateTime::MIN } else { DateTime::MAX })
}

/// Steps one answer of a server may cost: tens of milliseconds.
pub(super) const BUDGET: u32 = 3_000_000;
const DAY_SECONDS: i64 = 24 * 60 * 60;
/// No clock on Earth is further from UTC.
const MARGIN_DAYS: i32 = 2;
