//! Spoken weeks, weekends and months: stretches of days.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::dates::{DayWish, Found, Scan, monday_of, month_name, on_or_after, plus};
use super::words::Words;

impl Scan<'_> {
    /// "next week", "early next week", "the end of this week", "the week after next", "the weekend".
    pub(super) fn week(&self, at: usize) -> Option<Found> {
        let w = self.words;
        let (part, skipped) = week_part(w, at);
        let from = at + skipped;
        let the = usize::from(w.word(from) == "the" && skipped > 0);
        let (weeks, length) = if w.starts(from + the, "week after next") {
            (2, 3)
        } else if w.starts(from + the, "next week") || w.starts(from + the, "following week") {
            (1, 2)
        } else if w.starts(from + the, "this week") || (skipped > 0 && w.word(from + the) == "week") {
            (0, if w.word(from + the) == "week" { 1 } else { 2 })
        } else if w.starts(from + the, "in the week") {
            (0, 3)
        } else {
            return self.weekend(at);
        };
        let monday = plus(monday_of(self.today), 7 * weeks);
        let (first, last) = match part {
            WeekPart::Whole => (0, 6),
            WeekPart::Early => (0, 1),
            WeekPart::Mid => (1, 3),
            WeekPart::Late => (3, 6),
        };
        // On a Sunday "next week" may begin tomorrow or in eight days.
        let stretch = if weeks > 0 && self.today.weekday() == Weekday::Sunday { 7 } else { 0 };
        let (first, last) = (plus(monday, first).max(self.today), plus(monday, last + stretch));
        let last = last.max(first);
        Some((DayWish::Span(first, last), skipped + the + length, None))
    }

    fn weekend(&self, at: usize) -> Option<Found> {
        let w = self.words;
        let (next, skipped) = match w.word(at) {
            "next" => (true, 1),
            "this" | "the" | "coming" => (false, 1),
            _ => (false, 0),
        };
        if !matches!(w.word(at + skipped), "weekend" | "weekends") {
            return None;
        }
        let saturday = match self.today.weekday() {
            Weekday::Sunday => plus(self.today, -1),
            _ => on_or_after(self.today, Weekday::Saturday),
        };
        let mut days = vec![saturday, plus(saturday, 1)];
        if next {
            days.extend([plus(saturday, 7), plus(saturday, 8)]);
        }
        days.retain(|d| *d >= self.today);
        Some((DayWish::AnyOf(days), skipped + 1, None))
    }

    /// "next month", "in December", "the end of January".
    pub(super) fn month(&self, at: usize) -> Option<Found> {
        let w = self.words;
        let (part, skipped) = week_part(w, at);
        let from = at + skipped;
        let (first, length) = match (w.word(from), w.word(from + 1)) {
            ("next", "month") => (self.today.first_of_month().checked_add(1.month()).ok()?, 2),
            ("this", "month") | ("the", "month") => (self.today.first_of_month(), 2),
            (name, _) => {
                let before = w.before(from);
                let sure = !matches!(name, "may" | "march" | "mar" | "dec" | "sep" | "jan")
                    || matches!(before, "in" | "of" | "next" | "early" | "late");
                let month = month_name(name).filter(|_| sure)?;
                let month = i8::try_from(month).ok()?;
                let this_year = Date::new(self.today.year(), month, 1).ok()?;
                let past = month < self.today.month();
                (if past { Date::new(self.today.year() + 1, month, 1).ok()? } else { this_year }, 1)
            }
        };
        let last = first.last_of_month();
        let (first, last) = match part {
            WeekPart::Whole => (first, last),
            WeekPart::Early => (first, plus(first, 9)),
            WeekPart::Mid => (plus(first, 9), plus(first, 19)),
            WeekPart::Late => (plus(last, -9), last),
        };
        Some((DayWish::Span(first.max(self.today), last.max(self.today)), skipped + length, None))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WeekPart {
    Whole,
    Early,
    Mid,
    Late,
}

fn week_part(words: &Words, at: usize) -> (WeekPart, usize) {
    for (phrase, part) in [
        ("early in", WeekPart::Early),
        ("beginning of", WeekPart::Early),
        ("start of", WeekPart::Early),
        ("earlier in", WeekPart::Early),
        ("early", WeekPart::Early),
        ("middle of", WeekPart::Mid),
        ("mid", WeekPart::Mid),
        ("end of", WeekPart::Late),
        ("later in", WeekPart::Late),
        ("late in", WeekPart::Late),
        ("later", WeekPart::Late),
        ("late", WeekPart::Late),
    ] {
        if words.starts(at, phrase) {
            return (part, phrase.split(' ').count());
        }
    }
    (WeekPart::Whole, 0)
}
