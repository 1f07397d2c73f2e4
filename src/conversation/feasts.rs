//! Days with a name of their own, and what is said beside a date: "the week after Thanksgiving", "a charity ride on the
//! sixth, so the week before".

use jiff::civil::{Date, Weekday};

use super::dates::{Atom, DayWish, Found, Scan, monday_of, on_or_after, plus};
use super::relative::{MANY, count_before};
use super::words::Words;

impl Scan<'_> {
    /// A feast, where it is not wished or bought for.
    pub(super) fn feast(&self, at: usize) -> Option<Found> {
        if matches!(self.words.before(at), "merry" | "happy" | "for") {
            return None;
        }
        if let Some((name, month, day)) = FEASTS.iter().find(|(name, _, _)| self.words.starts(at, name)) {
            return Some((self.on_date(*month, *day, None), name.split(' ').count(), None));
        }
        let (name, _, date) = MOVABLE
            .iter()
            .find(|(name, month_first, _)| self.words.starts(at, name) && (self.month_first || !month_first))?;
        let ahead = (0..2).filter_map(|n| date(self.today.year() + n)).find(|d| *d >= self.today)?;
        Some((DayWish::One(vec![ahead]), name.split(' ').count(), None))
    }

    /// "The week after Thanksgiving", "the week of the fifteenth": where "a week after" counts, "the week" is one.
    pub(super) fn week_beside(&self, at: usize) -> Option<Found> {
        let w = self.words;
        if w.word(at) != "week" || !matches!(w.before(at), "the" | "that" | "in") {
            return None;
        }
        let side = Side::of(w.word(at + 1))?;
        let the = usize::from(w.word(at + 2) == "the");
        let named = self.feast(at + 2).or_else(|| self.month_day(at + 2)).or_else(|| self.day_of_month(at + 2));
        let (base, skipped) = match named {
            Some(base) => (base, 2),
            None => (self.feast(at + 2 + the).or_else(|| self.month_day(at + 2 + the))?, 2 + the),
        };
        let (DayWish::One(dates), length, _) = base else { return None };
        let [date] = dates.as_slice() else { return None };
        Some((side.week(*date), skipped + length, None))
    }
}

/// Before a date, around it, or after it.
#[derive(Clone, Copy)]
enum Side {
    Before,
    Of,
    After,
}

impl Side {
    fn of(word: &str) -> Option<Self> {
        match word {
            "before" | "preceding" => Some(Self::Before),
            "of" | "commencing" | "beginning" => Some(Self::Of),
            "after" | "following" => Some(Self::After),
            _ => None,
        }
    }

    /// The week on that side of a date.
    fn week(self, date: Date) -> DayWish {
        let monday = monday_of(date);
        match self {
            // At a weekend "the week before" is the one that leads up to it, else it may be the one before as well.
            Self::Before if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) => {
                DayWish::Span(plus(date, -7), plus(date, -1))
            }
            Self::Before => DayWish::Span(plus(monday, -7), plus(date, -1)),
            Self::Of => DayWish::Span(monday, plus(monday, 6)),
            Self::After => DayWish::Span(plus(monday, 7), plus(monday, 13)),
        }
    }
}

/// "A charity ride on the sixth, so the week before", "two days before the party on the twelfth": the one date that was
/// named is not meant itself.
pub(super) fn beside_date(words: &Words, atoms: &[Atom]) -> Option<DayWish> {
    let dated = |atom: &&Atom| atom.weekday.is_none() && matches!(&atom.wish, DayWish::One(dates) if dates.len() == 1);
    let bases: Vec<&Atom> = atoms.iter().filter(dated).collect();
    let base = match bases.as_slice() {
        [one] => one,
        // "Half term is the 15th to the 19th, so the week after": after its last day.
        [first, last] if is_range(words, first, last) => last,
        _ => return None,
    };
    let DayWish::One(dates) = &base.wish else { return None };
    let inside = |at: usize| atoms.iter().any(|a| a.at <= at && at < a.at + a.length);
    let near = |at: usize| at > base.at || base.at <= at + 2 + NAME_WORDS;
    let wish = (0..words.len())
        .filter(|at| !inside(*at) && !inside(at + 1) && near(*at))
        .find_map(|at| beside(words, at, dates[0]))?;
    // "The Tuesday of the week before".
    let named = atoms.iter().find_map(|atom| atom.weekday);
    match (&wish, named) {
        (DayWish::Span(from, _), Some(day)) => Some(DayWish::One(vec![on_or_after(*from, day)])),
        _ => Some(wish),
    }
}

fn is_range(words: &Words, first: &Atom, last: &Atom) -> bool {
    let gap = first.at + first.length..last.at;
    gap.len() <= 2 && gap.into_iter().any(|at| matches!(words.word(at), "to" | "till" | "until" | "through"))
}

/// "The week before", "two days before", "the day after" at a token, of a date.
fn beside(words: &Words, at: usize, date: Date) -> Option<DayWish> {
    let side = Side::of(words.word(at + 1))?;
    let (before, unit) = (words.before(at), words.word(at));
    let count = match before {
        "the" | "that" | "a" | "one" => 1,
        _ => count_before(words, at).unwrap_or(0),
    };
    let days = match unit {
        "week" if matches!(before, "the" | "that") => return Some(side.week(date)),
        "days" if before == "few" && matches!(side, Side::Before) => {
            return Some(DayWish::Span(plus(date, -FEW_DAYS), plus(date, -1)));
        }
        "week" | "weeks" => 7,
        "day" | "days" | "night" | "evening" => 1,
        _ => return None,
    };
    match side {
        _ if !(1..=MANY).contains(&count) => None,
        Side::Before => Some(DayWish::One(vec![plus(date, -count * days)])),
        Side::After => Some(DayWish::One(vec![plus(date, count * days)])),
        Side::Of => None,
    }
}

/// Most words between "before the" and the date of what it is before.
const NAME_WORDS: usize = 5;
/// "A few days before".
const FEW_DAYS: i64 = 5;

/// The same date everywhere.
const FEASTS: [(&str, u32, u32); 9] = [
    ("christmas eve", 12, 24),
    ("christmas day", 12, 25),
    ("christmas", 12, 25),
    ("boxing day", 12, 26),
    ("new years eve", 12, 31),
    ("new years day", 1, 1),
    ("new years", 1, 1),
    ("valentines day", 2, 14),
    ("halloween", 10, 31),
];

/// Another date each year; true: only where the month comes first.
const MOVABLE: [(&str, bool, InYear); 6] = [
    ("thanksgiving day", true, thanksgiving),
    ("thanksgiving", true, thanksgiving),
    ("good friday", false, |year| easter(year).map(|d| plus(d, -2))),
    ("easter monday", false, |year| easter(year).map(|d| plus(d, 1))),
    ("easter sunday", false, easter),
    ("easter", false, easter),
];

/// Its date in a year.
type InYear = fn(i16) -> Option<Date>;

/// The fourth Thursday of November.
fn thanksgiving(year: i16) -> Option<Date> {
    Date::new(year, 11, 1).ok()?.nth_weekday_of_month(4, Weekday::Thursday).ok()
}

/// By Gauss's rule, as corrected by Lichtenberg.
fn easter(year: i16) -> Option<Date> {
    let x = i64::from(year);
    let (k, a) = (x / 100, x % 19);
    let m = 15 + (3 * k + 3) / 4 - (8 * k + 13) / 25;
    let s = 2 - (3 * k + 3) / 4;
    let d = (19 * a + m) % 30;
    let r = (d + a / 11) / 29;
    let full_moon = 21 + d - r;
    let first_sunday = 7 - (x + x / 4 + s).rem_euclid(7);
    let day = full_moon + 7 - (full_moon - first_sunday).rem_euclid(7);
    Date::new(year, 3, 1).ok().map(|march| plus(march, day - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn movable_feasts_fall_where_the_calendars_have_them() {
        for (year, month, day) in [(2025, 4, 20), (2026, 4, 5), (2027, 3, 28), (2030, 4, 21), (2038, 4, 25)] {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
        assert_eq!(thanksgiving(2026), Some(date(2026, 11, 26)));
        assert_eq!(thanksgiving(2027), Some(date(2027, 11, 25)));
    }
}
