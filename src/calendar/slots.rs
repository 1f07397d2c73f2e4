//! Which slots are free: opening hours minus closures minus what is busy, on the business's own clock.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::conversation::{Business, Rules, Slot, SlotQuery, Span};

/// The free slots a query asks for, in order of start.
///
/// A slot starts on the business's grid (multiples of `slot_minutes` since local midnight), lies whole inside one
/// opening span of a day that is not a closure, starts at least the service's lead time after `now` and within its
/// horizon of days from today, and touches nothing busy, the time kept free around it included. A local time that a
/// change of clocks skips is no start; one that it repeats is meant the first time.
pub fn free_slots(business: &Business, query: &SlotQuery, busy: Vec<Slot>, now: Timestamp) -> Vec<Slot> {
    let (busy, rules) = (merged(busy), business.rules(&query.service));
    open_slots(business, query, now).filter(|slot| is_free(&busy, &padded(slot, &rules))).take(query.limit).collect()
}

/// The slots within opening hours, lead time and horizon, whoever may be there.
pub(super) fn open_slots<'a>(
    business: &'a Business,
    query: &'a SlotQuery,
    now: Timestamp,
) -> impl Iterator<Item = Slot> + 'a {
    reach(business, query, now).into_iter().flat_map(move |(from, to)| {
        let zone = &business.timezone;
        let last = zone.to_datetime(to).date();
        std::iter::successors(Some(zone.to_datetime(from).date()), |day| day.tomorrow().ok())
            .take_while(move |day| *day <= last)
            .filter(|day| !business.closures.contains(day))
            .flat_map(|day| day_slots(business, day, query.minutes))
            .filter(move |slot| slot.starts_at >= from && slot.starts_at < to)
    })
}

/// A slot with the time its service keeps free around it.
pub(super) fn padded(slot: &Slot, rules: &Rules) -> Slot {
    let minutes = |n: u32| SignedDuration::from_mins(n.into());
    Slot {
        starts_at: slot.starts_at.saturating_sub(minutes(rules.before_minutes)).unwrap_or(slot.starts_at),
        ends_at: slot.ends_at.saturating_add(minutes(rules.after_minutes)).unwrap_or(slot.ends_at),
    }
}

/// Whether somebody with hours of their own is there for the whole of a slot.
pub(super) fn within(hours: &[Vec<Span>; 7], slot: &Slot, zone: &TimeZone) -> bool {
    let (from, to) = (zone.to_datetime(slot.starts_at), zone.to_datetime(slot.ends_at));
    let weekday = usize::from(from.date().weekday().to_monday_zero_offset().unsigned_abs());
    let ends = if from.date() == to.date() { Some(to.time()) } else { None };
    hours[weekday].iter().any(|span| {
        let late = ends.map_or(span.to == Time::MAX, |ends| ends <= span.to);
        span.from <= from.time() && late
    })
}

/// The starts `[from, to)` a query can have once lead time and horizon are respected; none when nothing is left.
pub(super) fn reach(business: &Business, query: &SlotQuery, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let lead = business.lead_of(&query.service);
    let earliest = now.checked_add(SignedDuration::from_mins(i64::from(lead))).ok()?;
    let days = business.horizon_of(&query.service).min(HORIZON_DAYS_MAX);
    let today = business.timezone.to_datetime(now).date();
    let after = today.checked_add((i64::from(days) + 1).days()).ok()?;
    let (from, to) = (query.from.max(earliest), query.to.min(instant(&business.timezone, after.into())?));
    (from < to && query.minutes > 0 && query.limit > 0).then_some((from, to))
}

fn day_slots(business: &Business, day: Date, minutes: u32) -> Vec<Slot> {
    let weekday = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
    let mut spans = business.hours[weekday].clone();
    spans.sort_by_key(|span| span.from);
    let mut slots: Vec<Slot> = spans.iter().flat_map(|span| span_slots(business, day, *span, minutes)).collect();
    // Spans that overlap say the same start twice.
    slots.dedup();
    slots
}

fn span_slots(business: &Business, day: Date, span: Span, minutes: u32) -> Vec<Slot> {
    let zone = &business.timezone;
    let closing = if span.to == Time::MAX { day.tomorrow().map(DateTime::from) } else { Ok(day.to_datetime(span.to)) };
    let bounds = instant(zone, day.to_datetime(span.from)).zip(closing.ok().and_then(|at| instant(zone, at)));
    let Some((opens, closes)) = bounds else { return Vec::new() };
    let grid = business.slot_minutes.max(1);
    let first = minute_of_day(span.from).div_ceil(grid) * grid;
    (first..MINUTES_PER_DAY)
        .step_by(grid as usize)
        .filter_map(|minute| start(zone, day, minute))
        .filter_map(|starts_at| {
            let ends_at = starts_at.checked_add(SignedDuration::from_mins(i64::from(minutes))).ok()?;
            (starts_at >= opens && ends_at <= closes).then_some(Slot { starts_at, ends_at })
        })
        .collect()
}

/// The instant of a minute of a day; none for a minute the clocks skip.
fn start(zone: &TimeZone, day: Date, minute: u32) -> Option<Timestamp> {
    let at = day.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
    let at = zone.to_ambiguous_timestamp(at);
    if matches!(at.offset(), AmbiguousOffset::Gap { .. }) { None } else { at.earlier().ok() }
}

/// The instant of a local time that bounds a span: skipped times move forward, repeated ones are the first.
pub(super) fn instant(zone: &TimeZone, at: DateTime) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(at).compatible().ok()
}

/// A span that opens within a minute opens with the next one.
fn minute_of_day(time: Time) -> u32 {
    let whole = u32::from(time.hour().unsigned_abs()) * 60 + u32::from(time.minute().unsigned_abs());
    whole + u32::from(time.second() > 0 || time.subsec_nanosecond() > 0)
}

/// In order, and overlapping ones joined, so that ends are in order too.
pub(super) fn merged(mut busy: Vec<Slot>) -> Vec<Slot> {
    busy.sort();
    busy.dedup_by(|next, kept| {
        let joins = next.starts_at <= kept.ends_at;
        if joins {
            kept.ends_at = kept.ends_at.max(next.ends_at);
        }
        joins
    });
    busy
}

pub(super) fn is_free(busy: &[Slot], slot: &Slot) -> bool {
    let next = busy.partition_point(|b| b.ends_at <= slot.starts_at);
    busy.get(next).is_none_or(|b| b.starts_at >= slot.ends_at)
}

/// Minutes on a clock's face, whatever a change of clocks does to the day.
const MINUTES_PER_DAY: u32 = 24 * 60;
/// Two years: no receptionist books further, and a typo in the configuration must not cost seconds per question.
const HORIZON_DAYS_MAX: u32 = 731;
