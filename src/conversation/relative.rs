//! Wishes that lean on a time in hand: "same time the day after", "an hour earlier", "push it back a week".

use jiff::ToSpan;
use jiff::civil::DateTime;

use super::dates::{DayWish, monday_of, on_or_after, plus, weekday};
use super::numbers::cardinal;
use super::times::{Clock, TimeWish, clock_length};
use super::when::Wish;
use super::words::Words;

/// What a text says relative to the time in hand; an empty wish when it leans on nothing.
pub(super) fn leaning(words: &Words, base: DateTime) -> Wish {
    if let Some(minutes) = shifted_minutes(words).or_else(|| beside_the_hour(words, base)) {
        let moved = base.saturating_add(minutes.minutes());
        return wish(Some(moved), Some(moved));
    }
    if let Some(date) = in_same_week(words, base) {
        return wish(Some(date), same_time(words).then_some(base));
    }
    if let Some(date) = weekday_after(words, base) {
        return wish(Some(date), same_time(words).then_some(base));
    }
    if let Some(days) = shifted_days(words) {
        let moved = base.saturating_add(days.days());
        let timed = days.abs() % 7 == 0 || same_time(words);
        return wish(Some(moved), timed.then_some(base));
    }
    let day = words.has("same day").then_some(base);
    wish(day, same_time(words).then_some(base))
}

fn wish(day: Option<DateTime>, time: Option<DateTime>) -> Wish {
    Wish {
        days: day.map(|d| DayWish::One(vec![d.date()])),
        not: Vec::new(),
        time: time.map(|t| TimeWish::At(vec![Clock::sure(t.time())])),
    }
}

/// "At the same time".
pub(super) fn same_time(words: &Words) -> bool {
    words.has_any(&["same time", "same hour"])
}

/// "An hour later", "half an hour earlier", "thirty minutes sooner", "back an hour".
fn shifted_minutes(words: &Words) -> Option<i64> {
    let at = (0..words.len()).find(|at| matches!(words.word(*at), "hour" | "hours" | "minutes" | "mins"))?;
    let unit = if words.word(at).starts_with("hour") { 60 } else { 1 };
    let (count, from) = match at.checked_sub(1) {
        Some(one) if matches!(words.word(one), "an" | "one") => {
            let half = one > 0 && words.word(one - 1) == "half";
            if half { (30, one - 1) } else { (unit, one) }
        }
        Some(one) => (i64::from(cardinal(words, one)?.0) * unit, one),
        None => return None,
    };
    let before = from.checked_sub(1).map_or("", |i| words.word(i));
    if count > DAY_MINUTES {
        return None;
    }
    match (words.word(at + 1), before) {
        ("later", _) | (_, "back") => Some(count),
        ("earlier" | "sooner", _) | (_, "forward" | "up") => Some(-count),
        _ => None,
    }
}

/// "The Friday after", "the following Tuesday": the first one after the time in hand.
fn weekday_after(words: &Words, base: DateTime) -> Option<DateTime> {
    let next = |at: usize| match (words.before(at), words.word(at + 1)) {
        ("following", _) => true,
        ("the", "after") => !matches!(words.word(at + 2), "next" | "the" | "at" | "that"),
        _ => false,
    };
    let at = (0..words.len()).find(|at| weekday(words.word(*at)).is_some() && next(*at))?;
    let day = weekday(words.word(at))?;
    let date = on_or_after(plus(base.date(), 1), day);
    Some(date.to_datetime(base.time()))
}

/// "To the Friday of that same week".
fn in_same_week(words: &Words, base: DateTime) -> Option<DateTime> {
    if !words.has_any(&["same week", "that week"]) {
        return None;
    }
    let day = (0..words.len()).rev().find_map(|at| weekday(words.word(at)))?;
    Some(on_or_after(monday_of(base.date()), day).to_datetime(base.time()))
}

/// "Two days sooner", "three weeks later".
fn counted_days(words: &Words) -> Option<i64> {
    (1..words.len()).find_map(|at| {
        let unit = match words.word(at) {
            "day" | "days" => 1,
            "week" | "weeks" => 7,
            _ => return None,
        };
        let count = count_before(words, at)?;
        match words.word(at + 1) {
            _ if count > MANY => None,
            "sooner" | "earlier" => Some(-count * unit),
            "later" => Some(count * unit),
            _ => None,
        }
    })
}

/// How many of what stands at a token: "two", "a couple of".
pub(super) fn count_before(words: &Words, at: usize) -> Option<i64> {
    let couple = at >= 2 && words.starts(at - 2, "couple of");
    if couple { Some(2) } else { cardinal(words, at.checked_sub(1)?).map(|(count, _)| i64::from(count)) }
}

/// "Could we say quarter past", of a time on the hour: minutes from it.
fn beside_the_hour(words: &Words, base: DateTime) -> Option<i64> {
    let at = (0..words.len()).find(|at| matches!(words.word(at + 1), "past" | "to"))?;
    let minutes = match words.word(at) {
        "half" => 30,
        "quarter" => 15,
        _ => cardinal(words, at).map(|(n, _)| i64::from(n)).filter(|n| matches!(n, 5 | 10 | 20 | 25))?,
    };
    let hour = words.tokens.get(at + 2).is_some_and(|_| clock_length(words, at).is_some());
    let bare = matches!(words.word(at + 2), "" | "the" | "if" | "instead" | "please" | "then" | "would" | "actually");
    let bare = bare && (words.tokens.len() == at + 2 || !words.word(at + 2).is_empty());
    if hour || !bare || base.minute() != 0 {
        return None;
    }
    Some(if words.word(at + 1) == "past" { minutes } else { -minutes })
}

/// "The day after", "a week later", "back a week"; a day named with it is read elsewhere.
fn shifted_days(words: &Words) -> Option<i64> {
    let named = words.has("tomorrow") || (0..words.len()).any(|at| weekday(words.word(at)).is_some());
    match () {
        () if counted_days(words).is_some() => counted_days(words),
        () if words.has_any(&WEEK_ON) => Some(7),
        () if named => None,
        () if words.has_any(&["day after", "next day", "following day", "day later"]) => Some(1),
        () if words.has_any(&["day before", "day earlier"]) => Some(-1),
        () => None,
    }
}

/// More days or weeks are no shift.
pub(super) const MANY: i64 = 30;
/// More is no shift within a day.
const DAY_MINUTES: i64 = 24 * 60;
/// One week on from the time in hand.
const WEEK_ON: [&str; 7] =
    ["a week later", "one week later", "week after that", "back a week", "back one week", "out a week", "by a week"];
