//! Spoken days: from tokens to dates in the business's calendar. What is unclear stays several choices.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::feasts::beside_date;
use super::mentions::combine;
use super::numbers::{cardinal, ordinal};
use super::words::{Token, Words};

/// Which days a caller means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DayWish {
    /// One date when a single choice is left, to be asked back when there are more.
    One(Vec<Date>),
    /// Any of these suits.
    AnyOf(Vec<Date>),
    /// Any day from the first to the last, both included.
    Span(Date, Date),
    /// As soon as possible.
    Soonest,
    /// No preference.
    Any,
}

/// What a text said about days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Days {
    /// Wanted.
    pub(super) wish: Option<DayWish>,
    /// Not wanted.
    pub(super) not: Vec<Date>,
}

/// How far "after Tuesday" or "not Friday" reaches, days: two weeks is what a caller has in mind.
pub(super) const OPEN_END_DAYS: i64 = 14;
/// Longest answer in which "yesterday" is a wish and not a story, words.
const PAST_WORDS: usize = 6;

/// Reads all days in `words`, marks their tokens in `used`. `month_first` reads "12/5" as December 5th.
pub(super) fn find_days(words: &Words, today: Date, month_first: bool, used: &mut [bool]) -> Days {
    let mut atoms: Vec<Atom> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match (Scan { words, today, month_first }).atom(at) {
            Some(atom) => {
                used.iter_mut().skip(at).take(atom.length).for_each(|u| *u = true);
                at += atom.length;
                atoms.push(atom);
            }
            None => at += 1,
        }
    }
    if let Some(wish) = beside_date(words, &atoms) {
        return Days { wish: Some(wish), not: Vec::new() };
    }
    combine(words, today, atoms)
}

/// How many tokens of `words` from `at` on name a day; none when they name none.
pub(super) fn day_length(words: &Words, at: usize, today: Date, month_first: bool) -> Option<usize> {
    (Scan { words, today, month_first }).atom(at).map(|atom| atom.length)
}

/// The weekday a word names, misspellings of recognisers included.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    const NAMES: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    const SHORT: [(&str, Weekday); 13] = [
        ("thirsty", Weekday::Thursday),
        ("mon", Weekday::Monday),
        ("tue", Weekday::Tuesday),
        ("tues", Weekday::Tuesday),
        ("wed", Weekday::Wednesday),
        ("weds", Weekday::Wednesday),
        ("thu", Weekday::Thursday),
        ("thur", Weekday::Thursday),
        ("thurs", Weekday::Thursday),
        ("fri", Weekday::Friday),
        ("toosday", Weekday::Tuesday),
        ("chewsday", Weekday::Tuesday),
        ("wensday", Weekday::Wednesday),
    ];
    const OTHER_DAYS: [&str; 12] = [
        "today",
        "holiday",
        "birthday",
        "everyday",
        "midday",
        "someday",
        "payday",
        "workday",
        "weekday",
        "yesterday",
        "noonday",
        "doomsday",
    ];
    let word = word.strip_suffix('s').filter(|w| w.ends_with("day")).unwrap_or(word);
    if let Some((_, day)) = NAMES.iter().chain(&SHORT).find(|(name, _)| *name == word) {
        return Some(*day);
    }
    if !word.ends_with("day") || word.len() < 5 || OTHER_DAYS.contains(&word) {
        return None;
    }
    let mut scored: Vec<(f64, Weekday)> =
        NAMES.iter().map(|(name, day)| (strsim::normalized_damerau_levenshtein(word, name), *day)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    (scored[0].0 >= 0.7 && scored[0].0 - scored[1].0 > 0.05).then_some(scored[0].1)
}

/// The first date on or after `from` that is a `day`.
pub(super) fn on_or_after(from: Date, day: Weekday) -> Date {
    let ahead = (day.to_monday_zero_offset() - from.weekday().to_monday_zero_offset()).rem_euclid(7);
    plus(from, i64::from(ahead))
}

/// The Monday of a date's week.
pub(super) fn monday_of(date: Date) -> Date {
    plus(date, -i64::from(date.weekday().to_monday_zero_offset()))
}

/// `days` later (or earlier); stays put at the ends of time.
pub(super) fn plus(date: Date, days: i64) -> Date {
    date.checked_add(days.clamp(-36_500, 36_500).days()).unwrap_or(date)
}

/// One mention of a day.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    /// First token.
    pub(super) at: usize,
    /// Tokens.
    pub(super) length: usize,
    /// What it means alone.
    pub(super) wish: DayWish,
    /// The weekday named.
    pub(super) weekday: Option<Weekday>,
}

/// One reading of a text.
pub(super) struct Scan<'a> {
    /// What was said.
    pub(super) words: &'a Words,
    /// The day it is said on.
    pub(super) today: Date,
    pub(super) month_first: bool,
}

impl Scan<'_> {
    fn atom(&self, at: usize) -> Option<Atom> {
        let found = self
            .relative(at)
            .or_else(|| self.week_beside(at))
            .or_else(|| self.counted(at))
            .or_else(|| self.feast(at))
            .or_else(|| self.weekday_phrase(at))
            .or_else(|| self.month_day(at))
            .or_else(|| self.week(at))
            .or_else(|| self.month(at))
            .or_else(|| self.day_of_month(at))?;
        let (wish, length, weekday) = found;
        Some(Atom { at, length, wish, weekday })
    }

    fn one(&self, ahead: i64, length: usize) -> Option<Found> {
        Some((DayWish::One(vec![plus(self.today, ahead)]), length, None))
    }

    /// "today", "tomorrow", "the day after tomorrow", "as soon as possible".
    fn relative(&self, at: usize) -> Option<Found> {
        let w = self.words;
        for (phrase, ahead) in [
            ("day after tomorrow", 2),
            ("overmorrow", 2),
            ("yesterday", -1),
            ("tomorrow", 1),
            ("tomorrows", 1),
            ("today", 0),
            ("tonight", 0),
            ("this morning", 0),
            ("this afternoon", 0),
            ("this evening", 0),
            ("later today", 0),
        ] {
            if w.starts(at, phrase) && (ahead >= 0 || w.len() <= PAST_WORDS) {
                // "this afternoon" and "tonight" leave their part of the day to the times.
                let length = if phrase.starts_with("this ") { 1 } else { phrase.split(' ').count() };
                return self.one(ahead, length);
            }
        }
        if w.starts(at, "as soon as")
            && let Some(more) = (3..6).find(|n| matches!(w.word(at + n), "possible" | "can" | "could"))
        {
            // "As soon as humanly possible", "as soon as you guys can".
            return Some((DayWish::Soonest, more + 1, None));
        }
        if w.starts(at, "first thing you") || w.starts(at, "first thing thats") {
            return Some((DayWish::Soonest, 2, None));
        }
        if let Some(length) = self.first_free(at) {
            return Some((DayWish::Soonest, length, None));
        }
        if let Some(found) = self.the_day_after(at) {
            return Some(found);
        }
        const SOONEST: [&str; 17] = [
            "right now",
            "immediately",
            "as soon as possible",
            "as soon as you can",
            "as early as possible",
            "asap",
            "a s a p",
            "soonest",
            "the soonest",
            "right away",
            "earliest possible",
            "straight away",
            "earliest",
            "how soon",
            "how quickly",
            "quick as you can",
            "quick as possible",
        ];
        SOONEST.iter().find(|p| w.starts(at, p)).map(|p| (DayWish::Soonest, p.split(' ').count(), None)).or_else(|| {
            const ANY: [&str; 5] = ["any day", "whichever day", "whatever day", "no particular day", "every day"];
            ANY.iter().find(|p| w.starts(at, p)).map(|p| (DayWish::Any, p.split(' ').count(), None))
        })
    }

    /// "the next free slot", "first available", "next opening": how many tokens it takes.
    fn first_free(&self, at: usize) -> Option<usize> {
        let w = self.words;
        if !matches!(w.word(at), "next" | "first" | "nearest" | "earliest" | "soonest") {
            return None;
        }
        let free = usize::from(matches!(w.word(at + 1), "free" | "available" | "open" | "possible"));
        let named = matches!(
            w.word(at + 1 + free),
            "slot" | "appointment" | "opening" | "spot" | "gap" | "availability" | "vacancy" | "space"
        );
        (free == 1 || named).then_some(1 + free + usize::from(named))
    }

    /// "not tomorrow but the day after".
    fn the_day_after(&self, at: usize) -> Option<Found> {
        let w = self.words;
        if !(w.starts(at, "day after") || w.starts(at, "following day")) {
            return None;
        }
        if (0..at).any(|i| w.word(i) == "tomorrow") {
            return self.one(2, 2);
        }
        let day = (0..at).rev().find_map(|i| weekday(w.word(i)))?;
        Some((DayWish::One(vec![plus(on_or_after(self.today, day), 1)]), 2, None))
    }

    /// "in three days", "two weeks from Friday", "a week from tomorrow", "Friday week" is elsewhere.
    fn counted(&self, at: usize) -> Option<Found> {
        let w = self.words;
        let (start, prefix) = if w.word(at) == "in" { (at + 1, 1) } else { (at, 0) };
        let (count, taken) = match w.word(start) {
            "a" | "one" if w.starts(start + 1, "couple of") => (2, 3),
            "a" | "one" | "another" => (1, 1),
            "week" if prefix == 0 => (1, 0),
            "fortnight" => (1, 0),
            _ => cardinal(w, start).filter(|(_, taken)| !(*taken == 2 && self.after_an_hour(at)))?,
        };
        let unit = start + taken;
        let days = match w.word(unit) {
            "day" | "days" => 1,
            "week" | "weeks" => 7,
            "fortnight" => 14,
            _ => return None,
        };
        let ahead = i64::from(count.min(500)) * days;
        let length = prefix + taken + 1;
        match w.word(unit + 1) {
            "from" | "after" | "on" if matches!(w.word(unit + 2), "now" | "today") => self.one(ahead, length + 2),
            "from" | "after" | "on" => match self.counted_from(unit + 2) {
                Some((choices, more)) => {
                    let choices = choices.into_iter().map(|d| plus(d, ahead)).collect();
                    Some((DayWish::One(choices), length + 1 + more, None))
                }
                // "In two days after seven": a time follows.
                None if prefix == 1 => self.one(ahead, length),
                None => None,
            },
            // "A fortnight today", "a week tomorrow".
            "today" if days > 1 && prefix == 0 => self.one(ahead, length + 1),
            "tomorrow" if days > 1 && prefix == 0 => self.one(ahead + 1, length + 1),
            _ if prefix == 1 => self.one(ahead, length),
            "time" if prefix == 1 => self.one(ahead, length + 1),
            _ => None,
        }
    }

    /// "at five thirty two weeks from today": "thirty" belongs to the hour.
    fn after_an_hour(&self, at: usize) -> bool {
        at.checked_sub(1).and_then(|before| cardinal(self.words, before)).is_some_and(|(n, _)| (1..=12).contains(&n))
    }

    /// The day from which days or weeks are counted, and its tokens.
    fn counted_from(&self, at: usize) -> Option<(Vec<Date>, usize)> {
        let base = self.relative(at).or_else(|| self.weekday_phrase(at)).or_else(|| self.day_of_month(at));
        let the = usize::from(base.is_none() && self.words.word(at) == "the");
        let (DayWish::One(choices), length, _) = base.or_else(|| self.day_of_month(at + the))? else { return None };
        Some((choices, length + the))
    }

    /// "Tuesday", "this Friday", "next Tuesday", "Friday next week", "next week on Tuesday", "Friday week".
    fn weekday_phrase(&self, at: usize) -> Option<Found> {
        let w = self.words;
        let (modifier, skipped) = match (w.word(at), w.word(at + 1)) {
            ("this", "coming" | "upcoming" | "next") => (Modifier::Coming, 2),
            ("this", _) => (Modifier::This, 1),
            ("coming" | "upcoming", _) => (Modifier::Coming, 1),
            ("next" | "following", _) => (Modifier::Next, 1),
            _ => (Modifier::None, 0),
        };
        let day = weekday(w.word(at + skipped))?;
        let nearest = on_or_after(self.today, day);
        if w.before(at) == "last" && skipped == 0 && w.len() <= PAST_WORDS {
            return Some((DayWish::One(vec![plus(nearest, -7)]), 1, None));
        }
        let after = at + skipped + 1;
        let length = skipped + 1;
        let today = nearest == self.today;
        let later = |weeks: i64| plus(nearest, 7 * weeks);
        if w.starts(after, "after next") {
            return Some((DayWish::One(vec![later(1), later(2)]), length + 2, Some(day)));
        }
        if w.starts(after, "next week") || w.starts(after, "of next week") || w.starts(after, "in next week") {
            let skip = if w.word(after) == "next" { 2 } else { 3 };
            return Some((DayWish::One(self.in_next_week(day)), length + skip, Some(day)));
        }
        if w.starts(after, "this week") || w.starts(after, "of this week") {
            let skip = if w.word(after) == "this" { 2 } else { 3 };
            return Some((DayWish::One(vec![nearest]), length + skip, Some(day)));
        }
        let ends = matches!(w.word(after + 1), "instead" | "please" | "if" | "same" | "thanks" | "would" | "works");
        if w.word(after) == "after" && (after + 1 == w.len() || ends) {
            return Some((DayWish::One(vec![nearest, later(1)]), length + 1, Some(day)));
        }
        if w.word(after) == "fortnight" {
            return Some((DayWish::One(vec![later(2)]), length + 1, Some(day)));
        }
        if w.word(after) == "week" {
            let choices = if today { vec![later(1), later(2)] } else { vec![later(1)] };
            return Some((DayWish::One(choices), length + 1, Some(day)));
        }
        let choices = match modifier {
            Modifier::Next if today => vec![later(1)],
            Modifier::Next => vec![nearest, later(1)],
            Modifier::Coming if today => vec![later(1)],
            _ if today => vec![nearest, later(1)],
            _ => vec![nearest],
        };
        Some((DayWish::One(choices), length, Some(day)))
    }

    /// That weekday in the next calendar week: on a Sunday, where weeks begin is a matter of taste.
    fn in_next_week(&self, day: Weekday) -> Vec<Date> {
        let monday = plus(monday_of(self.today), 7);
        let date = on_or_after(monday, day);
        if self.today.weekday() == Weekday::Sunday && day != Weekday::Sunday {
            vec![date, plus(date, 7)]
        } else {
            vec![date]
        }
    }

    /// "March 5th", "the fifth of March", "12/5", "March fifth 2027".
    pub(super) fn month_day(&self, at: usize) -> Option<Found> {
        let w = self.words;
        if let Some(Token::Slash(first, second, year)) = w.tokens.get(at) {
            let (month, day) = if self.month_first { (*first, *second) } else { (*second, *first) };
            let (month, day) = if month > 12 { (day, month) } else { (month, day) };
            return Some((self.on_date(month, day, *year), 1, None));
        }
        if let Some(month) = month_name(w.word(at)) {
            let the = usize::from(w.word(at + 1) == "the");
            let (day, taken) =
                ordinal(w, at + 1 + the).or_else(|| cardinal(w, at + 1 + the).filter(|(d, _)| (1..=31).contains(d)))?;
            let (year, more) = self.year(at + 1 + the + taken);
            return Some((self.on_date(month, day, year), 1 + the + taken + more, None));
        }
        let the = usize::from(w.word(at) == "the");
        let (day, taken) = ordinal(w, at + the).or_else(|| cardinal(w, at + the))?;
        let of = usize::from(w.word(at + the + taken) == "of");
        let name = w.word(at + the + taken + of);
        let month_at = at + the + taken + of;
        let verb = name == "may" && matches!(w.word(month_at + 1), "i" | "we" | "you" | "be" | "he" | "she" | "they");
        // "at 2 December 5th", "two thirty December 5th": the number before is a time.
        let is_time = the + of == 0
            && !matches!(w.tokens.get(at), Some(Token::Ordinal(_)))
            && (w.before(at) == "at" || at > 0 && cardinal(w, at - 1).is_some() || ordinal(w, month_at + 1).is_some());
        let month = month_name(name).filter(|_| !verb && !is_time)?;
        let (year, more) = self.year(at + the + taken + of + 1);
        Some((self.on_date(month, day, year), the + taken + of + 1 + more, None))
    }

    /// One date, or none at all when there is no such day ("February 30th").
    pub(super) fn on_date(&self, month: u32, day: u32, year: Option<u32>) -> DayWish {
        DayWish::One(self.dated(month, day, year).into_iter().collect())
    }

    fn year(&self, at: usize) -> (Option<u32>, usize) {
        match self.words.tokens.get(at) {
            Some(Token::Digits(digits)) if digits.len() == 4 && digits.starts_with("20") => (digits.parse().ok(), 1),
            _ => (None, 0),
        }
    }

    /// The date, rolled forward to the next year it lies ahead in when none was said.
    fn dated(&self, month: u32, day: u32, year: Option<u32>) -> Option<Date> {
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        if let Some(year) = year {
            let year = i16::try_from(if year < 100 { year + 2000 } else { year }).ok()?;
            return Date::new(year, month, day).ok();
        }
        // Four years reach the next February 29th (eight around 2100).
        (0..=8).filter_map(|ahead| Date::new(self.today.year() + ahead, month, day).ok()).find(|d| *d >= self.today)
    }

    /// "the 23rd", "the third": needs "the", "on" or a digit ordinal so that "the first one" stays a choice.
    pub(super) fn day_of_month(&self, at: usize) -> Option<Found> {
        let w = self.words;
        let the = usize::from(w.word(at) == "the");
        let (day, taken) = ordinal(w, at + the)?;
        let after = w.word(at + the + taken);
        let digits = matches!(w.tokens.get(at + the), Some(Token::Ordinal(_)));
        let next = w.word(at + the + taken + 1);
        let one_oclock = after == "one"
            && (w.before(at) == "on" || matches!(next, "oclock" | "pm" | "am" | "fifteen" | "thirty" | "forty" | "in"));
        let sure = the == 1 || digits || day > 9;
        let numeral = digits && w.before(at) == "on" || after == "half" && next == "past";
        if !sure
            || !one_oclock
                && !numeral
                && matches!(
                    after,
                    "one" | "option" | "time" | "thing" | "choice" | "slot" | "available" | "offer" | "half"
                )
        {
            return None;
        }
        // "Wednesday the second": a date when it falls on that day, which the first days of next month may.
        let named = weekday(w.before(at));
        if day <= 3 && !digits && !matches!(w.before(at), "on" | "for") && named.is_none() {
            return None;
        }
        let month_start = self.today.first_of_month();
        let date = (0..=12).find_map(|ahead: i32| {
            let first = month_start.checked_add(ahead.months()).ok()?;
            Date::new(first.year(), first.month(), i8::try_from(day).ok()?).ok().filter(|d| *d >= self.today)
        })?;
        if day <= 3 && !digits && named.is_some_and(|named| date.weekday() != named) {
            return None;
        }
        Some((DayWish::One(vec![date]), the + taken, None))
    }
}

/// What is meant, how many tokens it takes, and the weekday named.
pub(super) type Found = (DayWish, usize, Option<Weekday>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Modifier {
    None,
    This,
    Coming,
    Next,
}

/// Its number.
pub(super) fn month_name(word: &str) -> Option<u32> {
    const MONTHS: [(&str, &str); 12] = [
        ("january", "jan"),
        ("february", "feb"),
        ("march", "mar"),
        ("april", "apr"),
        ("may", "may"),
        ("june", "jun"),
        ("july", "jul"),
        ("august", "aug"),
        ("september", "sep"),
        ("october", "oct"),
        ("november", "nov"),
        ("december", "dec"),
    ];
    let word = match word {
        "sept" => "sep",
        "febuary" => "feb",
        other => other,
    };
    MONTHS.iter().position(|(long, short)| *long == word || *short == word).map(|n| n as u32 + 1)
}

/// Whether a correction ("no, I mean ...") stands between two mentions.
pub(super) fn corrected(words: &Words, from: usize, to: usize) -> bool {
    const MARKS: [&str; 9] = ["no", "sorry", "mean", "meant", "actually", "rather", "wait", "correction", "make"];
    (from..to).any(|i| MARKS.contains(&words.word(i)) || words.starts(i, "have to be") || words.starts(i, "has to be"))
}
