//! Time zones as calendars name them: IANA names in many dresses, or rules written into the file (VTIMEZONE).

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::ical::Component;
use super::repeat::Rule;
use super::times;

/// What turns a local time into an instant.
#[derive(Debug, Clone)]
pub(super) enum Zone {
    /// A zone this machine knows.
    Known(TimeZone),
    /// A zone that only the file describes.
    Written(Vec<Turn>),
}

/// A change of clocks: from `onset` on, and whenever it repeats.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    onset: DateTime,
    before: Offset,
    after: Offset,
    rule: Option<Rule>,
    dates: Vec<DateTime>,
}

impl Zone {
    /// The zone a TZID means in a file; `own` where nothing says.
    pub(super) fn named(id: &str, calendar: &Component, own: &TimeZone) -> Zone {
        let written = calendar.inner("VTIMEZONE").find(|zone| zone.value("TZID").is_some_and(|name| name.trim() == id));
        let place = written.and_then(|zone| zone.value("X-LIC-LOCATION"));
        if let Some(zone) = known(id).or_else(|| known(place?)) {
            return Zone::Known(zone);
        }
        let turns: Vec<Turn> = written.map(turns).unwrap_or_default();
        if turns.is_empty() { Zone::Known(own.clone()) } else { Zone::Written(turns) }
    }

    /// The instant of a local time; a skipped one moves forward, a repeated one is the first.
    pub(super) fn instant(&self, local: DateTime, budget: &mut u32) -> Option<Timestamp> {
        match self {
            Zone::Known(zone) => zone.to_ambiguous_timestamp(local).compatible().ok(),
            Zone::Written(turns) => offset(turns, local, budget)?.to_timestamp(local).ok(),
        }
    }

    /// What the clock shows at an instant.
    pub(super) fn local(&self, at: Timestamp, budget: &mut u32) -> Option<DateTime> {
        match self {
            Zone::Known(zone) => Some(zone.to_datetime(at)),
            Zone::Written(turns) => {
                let near = Offset::UTC.to_datetime(at);
                Some(offset(turns, near, budget)?.to_datetime(at))
            }
        }
    }
}

/// IANA names, also behind a maker's prefix ("/mozilla.org/20050126_1/Europe/Berlin").
fn known(id: &str) -> Option<TimeZone> {
    let parts: Vec<&str> = id.trim().trim_matches('"').split('/').filter(|part| !part.is_empty()).collect();
    let from = parts.len().saturating_sub(NAME_PARTS_MAX);
    (from..parts.len()).find_map(|at| TimeZone::get(&parts[at..].join("/")).ok())
}

fn turns(zone: &Component) -> Vec<Turn> {
    zone.inside.iter().filter_map(turn).take(TURNS_MAX).collect()
}

fn turn(part: &Component) -> Option<Turn> {
    let onset = times::local(part.value("DTSTART")?)?;
    let rule = part.value("RRULE").and_then(|rule| Rule::read(rule, onset, times::local));
    let dates = part.all("RDATE").flat_map(|line| line.value.split(',').filter_map(times::local)).collect();
    let offset = |name| utc_offset(part.value(name)?);
    Some(Turn { onset, before: offset("TZOFFSETFROM")?, after: offset("TZOFFSETTO")?, rule, dates })
}

fn offset(turns: &[Turn], local: DateTime, budget: &mut u32) -> Option<Offset> {
    let latest =
        turns.iter().filter_map(|turn| Some((turn.latest(local, budget)?, turn.after))).max_by_key(|(at, _)| *at);
    let first = || turns.iter().min_by_key(|turn| turn.onset).map(|turn| turn.before);
    latest.map(|(_, offset)| offset).or_else(first)
}

impl Turn {
    /// The last time it happened until then.
    fn latest(&self, local: DateTime, budget: &mut u32) -> Option<DateTime> {
        let (from, to) = (local.checked_sub(SEARCH_YEARS.years()).ok()?, local.checked_add(1.second()).ok()?);
        let repeats = self.rule.iter().flat_map(|rule| rule.starts(self.onset, from, to, budget));
        repeats.chain(self.dates.iter().copied()).chain([self.onset]).filter(|at| *at <= local).max()
    }
}

/// "+0100", "-033000".
fn utc_offset(text: &str) -> Option<Offset> {
    let text = text.trim();
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let pair = |at: usize| digits.get(at..at + 2).map_or(Some(0), |pair| pair.parse::<i32>().ok());
    Offset::from_seconds(sign * (pair(0)? * 3600 + pair(2)? * 60 + pair(4)?)).ok()
}

/// "America/Argentina/Salta".
const NAME_PARTS_MAX: usize = 3;
/// Changes of clocks one zone may list.
const TURNS_MAX: usize = 400;
/// How far back a repeating change is looked for: past a leap day's rule.
const SEARCH_YEARS: i64 = 9;
