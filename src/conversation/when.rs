//! From a wish ("Tuesday afternoon") to absolute time, in the business's zone and opening hours.

use jiff::civil::{Date, Time};
use jiff::{Timestamp, ToSpan, Zoned};

use super::asides::{Apart, apart};
use super::business::Business;
use super::dates::{DayWish, find_days, plus};
use super::language::Language;
use super::numbers::cardinal;
use super::times::{Clock, Ear, Half, TimeWish, find_times};
use super::words::Words;

/// What a spoken day and time comes to. Never a guess: what is unclear is a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// This start.
    Exact(Timestamp),
    /// Any start within these spans, in order, `from <= start < to`.
    Range(Vec<(Timestamp, Timestamp)>),
    /// One of these dates is meant: ask which.
    WhichDay(Vec<Date>),
    /// One of these times of day is meant: ask which.
    WhichTime(Vec<Time>),
    /// Nothing about time was said.
    None,
}

/// Reads day and time out of a free text, as the conversation does when it asked for them.
pub fn understand_when(text: &str, now: Timestamp, business: &Business) -> When {
    let words = Words::heard(text, business.language());
    let wish = Wish::read(&words, &At { now: now.to_zoned(business.timezone.clone()), business }, Ear::Expecting);
    wish.resolve(&At { now: now.to_zoned(business.timezone.clone()), business })
}

/// The first and last day a text speaks of, seen from `today`; none when it names none.
pub fn days_said(text: &str, today: Date, language: Language) -> Option<(Date, Date)> {
    let words = Words::heard(text, language);
    let mut used = vec![false; words.len()];
    match find_days(&words, today, language == Language::English, &mut used).wish? {
        DayWish::One(days) => days.iter().min().map(|day| (*day, *day)),
        DayWish::AnyOf(days) => Some((*days.iter().min()?, *days.iter().max()?)),
        DayWish::Span(from, to) => Some((from, to)),
        DayWish::Soonest | DayWish::Any => None,
    }
}

/// The moment and place a wish is read in.
pub(super) struct At<'a> {
    /// Now, in the business's zone.
    pub(super) now: Zoned,
    /// Whose hours count.
    pub(super) business: &'a Business,
}

/// What a caller wants, day and time apart so that either can be corrected alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// Which day.
    pub(super) days: Option<DayWish>,
    /// Days refused.
    pub(super) not: Vec<Date>,
    /// What time.
    pub(super) time: Option<TimeWish>,
}

/// Half-width of "around ten", minutes.
const AROUND_MINUTES: i64 = 60;
/// "First thing" and "end of the day" are this long, minutes.
const EDGE_MINUTES: i64 = 90;
/// Of two readings outside the opening hours the one this near is meant, minutes, when the other is that far.
const JUST_OUTSIDE_MINUTES: i64 = 60;
const FAR_OUTSIDE_MINUTES: i64 = 150;
/// Days looked ahead when no day was said.
const OPEN_DAYS: i64 = 21;

impl Wish {
    /// Reads a text; nothing said is an empty wish.
    pub(super) fn read(words: &Words, at: &At, ear: Ear) -> Self {
        if let Some(wish) = in_some_hours(words, at) {
            return wish;
        }
        let Some(Apart { wish, bounds }) = apart(words, at) else { return Self::plain(words, at, ear) };
        let mut wished = Self::plain(&wish, at, ear);
        let bounds = Self::plain(&bounds, at, ear);
        wished.days = wished.days.or(bounds.days);
        if matches!(wished.time, None | Some(TimeWish::Part(..) | TimeWish::Any)) {
            // "After work, I finish at five": the bound says it better.
            wished.time = bounds.time;
        }
        wished
    }

    /// Reads a text that has no asides.
    fn plain(words: &Words, at: &At, ear: Ear) -> Self {
        let mut used = vec![false; words.len()];
        let days = find_days(words, at.now.date(), month_first(&at.business.country), &mut used);
        let time = find_times(words, ear, &mut used);
        Self { days: days.wish, not: days.not, time }
    }

    /// Whether nothing was said.
    pub(super) fn is_empty(&self) -> bool {
        self.days.is_none() && self.time.is_none() && self.not.is_empty()
    }

    /// Takes over what `newer` says, keeps the rest.
    pub(super) fn merge(&mut self, newer: Wish) {
        let only_refusal = !newer.not.is_empty() && matches!(newer.days, Some(DayWish::Span(..)));
        if newer.days.is_some() && !(only_refusal && matches!(self.days, Some(DayWish::Span(..) | DayWish::AnyOf(_)))) {
            // A new day with an open half keeps the old time ("no, Wednesday").
            self.days = newer.days;
        }
        if newer.time.is_some() {
            self.time = newer.time;
        }
        self.not.extend(newer.not);
    }

    /// To absolute time, or to the question that has to be asked.
    pub(super) fn resolve(&self, at: &At) -> When {
        if self.is_empty() {
            return When::None;
        }
        let days = self.dates(at);
        if let Some(DayWish::One(_)) = &self.days {
            match days.len() {
                0 => return When::Range(Vec::new()),
                1 => {}
                _ => return When::WhichDay(days),
            }
        }
        match &self.time {
            Some(TimeWish::At(clocks)) => self.at_clocks(clocks, &days, at),
            time => When::Range(days.iter().filter_map(|d| window(*d, time.as_ref(), at)).collect()),
        }
    }

    fn at_clocks(&self, clocks: &[Clock], days: &[Date], at: &At) -> When {
        let one_day = matches!(self.days, Some(DayWish::One(_)));
        let mut spans = Vec::new();
        for day in days {
            let mut times = Vec::new();
            for clock in clocks {
                let (candidates, open) = likely(*clock, one_day.then_some(*day), at);
                if candidates.len() > 1 {
                    return When::WhichTime(candidates);
                }
                if !open && !one_day {
                    continue;
                }
                times.extend(candidates);
            }
            for time in times {
                match instants(*day, time, at).as_slice() {
                    [start] if one_day && clocks.len() == 1 => return When::Exact(*start),
                    [start] => spans.push((*start, *start + 1.minute())),
                    // A clock change swallows or doubles this time.
                    [first, second, ..] if one_day => {
                        let local = |t: &Timestamp| t.to_zoned(at.business.timezone.clone()).time();
                        let (a, b) = (local(first), local(second));
                        if a != b {
                            return When::WhichTime(vec![a, b]);
                        }
                        spans.push((*first, *second + 1.minute()));
                    }
                    _ => {}
                }
            }
        }
        spans.sort();
        When::Range(spans)
    }

    /// The dates meant, past ones gone; several for [`DayWish::One`] are a question.
    fn dates(&self, at: &At) -> Vec<Date> {
        let today = at.now.date();
        let horizon = plus(today, i64::from(at.business.longest_horizon()));
        let each = |from: Date, to: Date| {
            let (from, to) = (from.max(today), to.min(plus(today, 400)));
            (0..=400).map(|n| plus(from, n)).take_while(|d| *d <= to).collect::<Vec<_>>()
        };
        let mut dates = match &self.days {
            Some(DayWish::One(dates)) => {
                let alone = dates.len() == 1;
                dates.iter().copied().filter(|d| alone || *d != today || self.possible_today(at)).collect()
            }
            Some(DayWish::AnyOf(dates)) => dates.clone(),
            Some(DayWish::Span(from, to)) => each(*from, *to),
            Some(DayWish::Soonest) => each(today, horizon.min(plus(today, OPEN_DAYS * 2))),
            Some(DayWish::Any) | None => each(today, plus(today, OPEN_DAYS)),
        };
        dates.retain(|d| !self.not.contains(d) && *d >= today);
        dates
    }

    /// Whether the wish can still come true today.
    fn possible_today(&self, at: &At) -> bool {
        let today = at.now.date();
        let earliest = earliest(at);
        let Some((_, close)) = envelope(today, at) else { return false };
        let last = match &self.time {
            Some(TimeWish::At(clocks)) => clocks.iter().flat_map(|c| likely(*c, Some(today), at).0).max(),
            Some(TimeWish::Before(clock) | TimeWish::Between(_, clock)) => clock.candidates().into_iter().max(),
            Some(TimeWish::Part(_, to)) => Some(*to),
            _ => None,
        };
        let last = last.map_or(close, |t| t.min(close));
        instants(today, last, at).iter().any(|t| *t > earliest)
    }
}

/// The first moment that can be booked.
pub(super) fn earliest(at: &At) -> Timestamp {
    at.now.timestamp() + i64::from(at.business.shortest_lead()).minutes()
}

/// First opening and last closing of a date; none when closed.
pub(super) fn envelope(date: Date, at: &At) -> Option<(Time, Time)> {
    if at.business.closures.contains(&date) {
        return None;
    }
    let spans = &at.business.hours[date.weekday().to_monday_zero_offset() as usize];
    Some((spans.iter().map(|s| s.from).min()?, spans.iter().map(|s| s.to).max()?))
}

/// The instants a local time names: none never, two when the clock is put back, the two shores of a gap.
fn instants(date: Date, time: Time, at: &At) -> Vec<Timestamp> {
    let ambiguous = at.business.timezone.to_ambiguous_zoned(date.to_datetime(time));
    let sure = !ambiguous.is_ambiguous();
    let mut found: Vec<Timestamp> = [ambiguous.clone().earlier(), ambiguous.later()]
        .into_iter()
        .filter_map(|z| z.ok().map(|z| z.timestamp()))
        .collect();
    found.sort();
    found.dedup();
    if sure { found.into_iter().take(1).collect() } else { found }
}

/// Which of a clock's readings fit the opening hours, and whether any does.
fn likely(clock: Clock, day: Option<Date>, at: &At) -> (Vec<Time>, bool) {
    let candidates = clock.candidates();
    let spans = |date: Option<Date>| -> Vec<(Time, Time)> {
        let open = |i: usize| at.business.hours[i].iter().map(|s| (s.from, s.to)).collect::<Vec<_>>();
        match date {
            Some(date) if envelope(date, at).is_some() => open(date.weekday().to_monday_zero_offset() as usize),
            _ => (0..7).flat_map(open).collect(),
        }
    };
    let spans = spans(day);
    let within = |t: &Time, spans: &[(Time, Time)]| spans.iter().any(|(from, to)| *from <= *t && *t < *to);
    let open: Vec<Time> = candidates.iter().copied().filter(|t| within(t, &spans)).collect();
    if !open.is_empty() {
        return (open, true);
    }
    if candidates.len() == 1 {
        return (candidates, false);
    }
    // Closed at either: the lunch break, or the hour just outside; a time by daylight is the likelier wish.
    let hull = [(
        spans.iter().map(|s| s.0).min().unwrap_or(Time::midnight()),
        spans.iter().map(|s| s.1).max().unwrap_or(Time::midnight()),
    )];
    let inside: Vec<Time> = candidates.iter().copied().filter(|t| within(t, &hull)).collect();
    if !inside.is_empty() {
        return (inside, false);
    }
    // "Half nine" where the doors open at ten is no half past nine at night.
    let away = |t: &Time| {
        let minutes = |t: Time| i64::from(t.hour()) * 60 + i64::from(t.minute());
        (minutes(hull[0].0) - minutes(*t)).max(minutes(*t) - minutes(hull[0].1)).max(0)
    };
    let near: Vec<Time> = candidates.iter().copied().filter(|t| away(t) <= JUST_OUTSIDE_MINUTES).collect();
    let far = candidates.iter().filter(|t| away(t) > FAR_OUTSIDE_MINUTES).count();
    (if near.len() == 1 && far == 1 { near } else { candidates }, false)
}

/// The span of acceptable starts on one day.
fn window(date: Date, time: Option<&TimeWish>, at: &At) -> Option<(Timestamp, Timestamp)> {
    let (open, close) = envelope(date, at)?;
    let day_end = Time::constant(23, 59, 59, 0);
    let first = |clock: &Clock| likely(*clock, Some(date), at).0.first().copied();
    let last = |clock: &Clock| likely(*clock, Some(date), at).0.last().copied();
    let shift = |t: Time, minutes: i64| t.saturating_add(minutes.minutes());
    let (from, to) = match time {
        None | Some(TimeWish::Any | TimeWish::At(_)) => (Time::midnight(), day_end),
        Some(TimeWish::After(clock)) => (first(clock)?, day_end),
        Some(TimeWish::Before(clock)) => (Time::midnight(), last(clock)?),
        Some(TimeWish::Between(a, b)) => between(a, b, date, at)?,
        Some(TimeWish::Around(clock)) => {
            let middle = last(clock)?;
            (shift(middle, -AROUND_MINUTES), shift(middle, AROUND_MINUTES + 1))
        }
        Some(TimeWish::Part(from, to)) => (*from, *to),
        Some(TimeWish::FirstThing) => (open, shift(open, EDGE_MINUTES)),
        Some(TimeWish::EndOfDay) => (shift(close, -EDGE_MINUTES), close),
    };
    let from = instants(date, from, at).first().copied()?.max(earliest(at));
    let to = instants(date, to, at).last().copied()?;
    (from < to).then_some((from, to))
}

/// "between 2 and 4": the reading of both that is in order and open.
fn between(a: &Clock, b: &Clock, date: Date, at: &At) -> Option<(Time, Time)> {
    let pairs: Vec<(Time, Time)> = a
        .candidates()
        .into_iter()
        .flat_map(|x| b.candidates().into_iter().map(move |y| (x, y)))
        .filter(|(x, y)| x < y)
        .collect();
    let open = likely(*a, Some(date), at).0;
    let fits = |(x, y): &&(Time, Time)| open.contains(x) && x.until(*y).is_ok_and(|s| s.get_hours() < 12);
    pairs.iter().find(fits).or(pairs.first()).copied()
}

/// "in two hours", "in half an hour": an exact moment.
fn in_some_hours(words: &Words, at: &At) -> Option<Wish> {
    let start = words.find("in")?;
    let after = start + 1;
    let minutes = if words.starts(after, "half an hour") || words.starts(after, "a half hour") {
        30
    } else if words.starts(after, "an hour and a half") {
        90
    } else if words.starts(after, "an hour") || words.starts(after, "one hour") {
        60
    } else {
        let (count, taken) = if words.starts(after, "a couple of") { (2, 3) } else { cardinal(words, after)? };
        match words.word(after + taken) {
            "hour" | "hours" => i64::from(count) * 60,
            "minute" | "minutes" => i64::from(count),
            _ => return None,
        }
    };
    let moment = at.now.checked_add(minutes.minutes()).ok()?;
    let clock = Clock { hour: moment.hour(), minute: moment.minute(), half: Half::Sure };
    Some(Wish { days: Some(DayWish::One(vec![moment.date()])), not: Vec::new(), time: Some(TimeWish::At(vec![clock])) })
}

/// Where "12/5" is December 5th.
pub(super) fn month_first(country: &str) -> bool {
    matches!(country.to_ascii_uppercase().as_str(), "US" | "PH" | "PR" | "CA")
}
