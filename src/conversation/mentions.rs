//! Several mentions of days joined into one wish: corrections, refusals, "or", ranges.

use jiff::civil::{Date, Weekday};

use super::dates::{Atom, DayWish, Days, OPEN_END_DAYS, corrected, plus};
use super::words::Words;

/// Weeks for which a refused weekday stays refused.
const REFUSED_WEEKS: i64 = 8;

/// Joins mentions: corrections, refusals, "or", ranges, and a weekday said together with its date.
pub(super) fn combine(words: &Words, today: Date, atoms: Vec<Atom>) -> Days {
    let mut days = Days::default();
    let mut wanted: Vec<Atom> = Vec::new();
    for atom in atoms {
        if refused(words, atom.at, atom.length) {
            if let DayWish::One(dates) | DayWish::AnyOf(dates) = &atom.wish {
                days.not.extend(dates);
                // "not Mondays" is none of them, "not next Monday" only that one.
                let weeks = if atom.length == 1 && atom.weekday.is_some() { REFUSED_WEEKS } else { 0 };
                days.not.extend((1..=weeks).flat_map(|n| dates.iter().map(move |d| plus(*d, 7 * n))));
                if let ([date], true) = (dates.as_slice(), words.has_any(&ONE_AFTER)) {
                    // "Not this Thursday, the one after."
                    days.not.clear();
                    days.wish = Some(DayWish::One(vec![plus(*date, 7)]));
                }
            }
            if let DayWish::Span(_, to) = &atom.wish {
                // "Not this week": from the day after it on.
                days.wish = Some(DayWish::Span(plus(*to, 1), plus(*to, OPEN_END_DAYS)));
            }
        } else {
            wanted.push(atom);
        }
    }
    let corrected = |i: &usize| corrected(words, wanted[i - 1].at + wanted[i - 1].length, wanted[*i].at);
    if let Some(last) = (1..wanted.len()).rev().find(corrected) {
        wanted.drain(..last);
    }
    // No such day: nothing else that was said makes it one.
    if wanted.iter().any(|a| a.wish == DayWish::One(Vec::new())) {
        days.wish = Some(DayWish::One(Vec::new()));
        return days;
    }
    let mut wanted = wanted.into_iter();
    let Some(first) = wanted.next() else {
        if !days.not.is_empty() && days.wish.is_none() {
            days.wish = Some(DayWish::Span(today, plus(today, OPEN_END_DAYS)));
        }
        return days;
    };
    let mut previous = bounded(words, today, first);
    for next in wanted {
        let gap = gap(words, &previous, next.at);
        previous = join(words, today, previous, next, gap);
    }
    days.wish = Some(match previous.wish {
        // "Saturday. Not this one, the one after."
        DayWish::One(dates) if previous.weekday.is_some() && words.has_any(&NOT_THIS) && words.has_any(&ONE_AFTER) => {
            DayWish::One(dates.first().map(|date| plus(*date, 7)).into_iter().collect())
        }
        wish => wish,
    });
    days
}

/// Not the next one of its kind, but the one a week later.
const NOT_THIS: [&str; 6] =
    ["not this one", "not this coming one", "not that one", "not this week", "not the next one", "not this coming"];
const ONE_AFTER: [&str; 7] =
    ["one after", "week after", "following one", "following week", "next one", "one following", "after that"];

/// The words between two mentions.
fn gap<'a>(words: &'a Words, first: &Atom, next: usize) -> Vec<&'a str> {
    (first.at + first.length..next).map(|i| words.word(i)).collect()
}

fn join(words: &Words, today: Date, first: Atom, next: Atom, gap: Vec<&str>) -> Atom {
    let (at, length) = (first.at, next.at + next.length - first.at);
    let span = gap.len() <= 2 && gap.iter().any(|w| matches!(*w, "to" | "through" | "thru" | "till" | "until"))
        || words.before(first.at) == "between" && gap.contains(&"and");
    let wish = match (&first.wish, &next.wish) {
        (DayWish::One(a), DayWish::One(b)) if span => {
            let from = a[0];
            let to = b[0];
            DayWish::Span(from, if to < from { plus(to, 7) } else { to })
        }
        (DayWish::One(a) | DayWish::AnyOf(a), DayWish::One(b))
            if gap.iter().any(|w| matches!(*w, "or" | "and" | "could" | "maybe" | "perhaps")) =>
        {
            DayWish::AnyOf(a.iter().chain(b).copied().collect())
        }
        // "My test is on the tenth, so say the seventh."
        (DayWish::One(_), DayWish::One(_)) if gap.contains(&"say") => next.wish.clone(),
        (DayWish::One(a), DayWish::One(b)) => match a.iter().filter(|d| b.contains(d)).copied().collect::<Vec<_>>() {
            both if !both.is_empty() => DayWish::One(both),
            // "Friday, December 4th": a weekday alone is the nearest one until a date says which.
            _ => match (falling_on(first.weekday, b), falling_on(next.weekday, a)) {
                (Some(date), _) | (None, Some(date)) => DayWish::One(vec![date]),
                _ => DayWish::One(union(a, b)),
            },
        },
        (DayWish::Span(from, to), DayWish::One(b)) => within(*from, *to, next.weekday, b),
        (DayWish::One(a), DayWish::Span(from, to)) => within(*from, *to, first.weekday, a),
        (DayWish::Soonest | DayWish::Any, other) => other.clone(),
        (other, DayWish::Soonest | DayWish::Any) => other.clone(),
        (_, _) => bounded(words, today, next.clone()).wish,
    };
    Atom { at, length, wish, weekday: next.weekday }
}

/// The one date, when it falls on the weekday named beside it.
fn falling_on(named: Option<Weekday>, dates: &[Date]) -> Option<Date> {
    match dates {
        [date] if Some(date.weekday()) == named => Some(*date),
        _ => None,
    }
}

fn union(a: &[Date], b: &[Date]) -> Vec<Date> {
    let mut all: Vec<Date> = a.iter().chain(b).copied().collect();
    all.sort();
    all.dedup();
    all
}

/// "next week ... Tuesday": the Tuesdays of that week.
fn within(from: Date, to: Date, day: Option<Weekday>, said: &[Date]) -> DayWish {
    let inside: Vec<Date> = match day {
        Some(day) => (0..=31).map(|n| plus(from, n)).filter(|d| *d <= to && d.weekday() == day).collect(),
        None => said.iter().copied().filter(|d| *d >= from && *d <= to).collect(),
    };
    DayWish::One(if inside.is_empty() { said.to_vec() } else { inside })
}

/// "Come by", "stop by": the "by" after them is no deadline.
const COMING: [&str; 10] = ["come", "coming", "stop", "stopping", "swing", "drop", "pop", "pass", "going", "go"];

/// "after Tuesday", "by Friday": a mention with a preposition becomes a span.
fn bounded(words: &Words, today: Date, atom: Atom) -> Atom {
    let DayWish::One(choices) = &atom.wish else { return atom };
    let back = if words.before(atom.at) == "the" { atom.at - 1 } else { atom.at };
    let after = words.word(atom.at + atom.length);
    let date = choices[0];
    let wish = match words.before(back) {
        "after" | "since" => DayWish::Span(plus(date, 1), plus(date, OPEN_END_DAYS)),
        "before" => DayWish::Span(today, plus(date, -1).max(today)),
        "by" if COMING.contains(&back.checked_sub(2).map_or("", |i| words.word(i))) => return atom,
        "by" | "until" | "till" => DayWish::Span(today, date.max(today)),
        "from" if !matches!(after, "at" | "to" | "till" | "until" | "through") => {
            DayWish::Span(date, plus(date, OPEN_END_DAYS))
        }
        _ if after == "onwards" || after == "onward" => DayWish::Span(date, plus(date, OPEN_END_DAYS)),
        _ => return atom,
    };
    Atom { wish, ..atom }
}

/// "not Friday", "Friday doesn't work", "any day but Friday": whether what stands at `start` is not wanted.
pub(super) fn refused(words: &Words, start: usize, length: usize) -> bool {
    let mut at = start;
    for _ in 0..4 {
        let Some(before) = at.checked_sub(1) else { break };
        let word = words.word(before);
        let but = word == "but"
            && !words.starts(before.saturating_sub(2), "same time")
            && matches!(words.before(before), "day" | "days" | "anything" | "any" | "time" | "anytime" | "week");
        // "Friday I'm away, make it Saturday" is over with Friday; "I work Wednesdays" is no wish.
        let over = matches!(word, "away" | "busy") && words.word(at) == "make";
        let said = words.before(before);
        let stated = word == "work" && said == "i" || matches!(word, "shut" | "closed") && said == "youre";
        if !over && (but || stated || REFUSALS.contains(&word)) {
            return true;
        }
        if !BETWEEN.contains(&word) {
            break;
        }
        at = before;
    }
    AFTER.iter().any(|p| words.starts(start + length, p))
}

/// Words that refuse what follows.
const REFUSALS: [&str; 13] = [
    "not",
    "except",
    "excluding",
    "besides",
    "than",
    "cant",
    "cannot",
    "dont",
    "never",
    "avoid",
    "busy",
    "away",
    "instead",
];

/// Words that may stand between a refusal and what it refuses.
const BETWEEN: [&str; 21] = [
    "in",
    "on",
    "do",
    "make",
    "come",
    "next",
    "the",
    "this",
    "for",
    "any",
    "want",
    "like",
    "work",
    "free",
    "available",
    "of",
    "be",
    "a",
    "have",
    "it",
    "working",
];

/// Phrases that refuse what stands before them.
const AFTER: [&str; 26] = [
    "im away",
    "i work",
    "im working",
    "dont suit",
    "dont work",
    "are no good",
    "are not good",
    "are bad",
    "are out",
    "are impossible",
    "doesnt work",
    "does not work",
    "wont work",
    "wont do",
    "isnt good",
    "is no good",
    "is not good",
    "is bad",
    "doesnt suit",
    "is out",
    "isnt possible",
    "is impossible",
    "is not possible",
    "im busy",
    "i cant",
    "not so good",
];
