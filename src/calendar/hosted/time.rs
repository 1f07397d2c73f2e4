//! Spans and days as providers want and give them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::conversation::Slot;

/// A span with room for days that are meant elsewhere: whole days are no instants.
pub(in crate::calendar) fn widened(span: Slot) -> Slot {
    let by = |at: Timestamp, by| at.saturating_add(by).unwrap_or(at);
    Slot { starts_at: by(span.starts_at, -MARGIN), ends_at: by(span.ends_at, MARGIN) }
}

/// A span in pieces of at most that length.
pub(in crate::calendar) fn parts(span: Slot, length: SignedDuration) -> Vec<Slot> {
    let mut parts = Vec::new();
    let mut starts_at = span.starts_at;
    while starts_at < span.ends_at && parts.len() < PARTS_MAX {
        let ends_at = starts_at.saturating_add(length).unwrap_or(span.ends_at).min(span.ends_at);
        parts.push(Slot { starts_at, ends_at });
        starts_at = ends_at;
    }
    parts
}

/// The instant a day begins somewhere.
pub(in crate::calendar) fn midnight(day: &str, zone: &TimeZone) -> Option<Timestamp> {
    let day: Date = day.get(..10)?.parse().ok()?;
    zone.to_ambiguous_timestamp(day.into()).compatible().ok()
}

/// No clock on Earth is further from another.
const MARGIN: SignedDuration = SignedDuration::from_hours(26);
/// Pieces of one question: two years of weeks.
const PARTS_MAX: usize = 110;
