//! Spoken times of day: from tokens to what a caller means, morning or afternoon still open when it was not said.

use jiff::civil::Time;

use super::dates::corrected;
use super::dayparts::find_part;
use super::numbers::{cardinal, tens, unit};
use super::words::{Token, Words};

/// A time as said: the hour may still be of either half of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// Hour as said, 0..=23.
    pub(super) hour: i8,
    /// Minute.
    pub(super) minute: i8,
    /// Which half of the day.
    pub(super) half: Half,
}

/// Which half of the day an hour belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// Not said.
    Open,
    /// Before noon.
    Am,
    /// After noon.
    Pm,
    /// The hour is of 24.
    Sure,
}

/// Which times a caller means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TimeWish {
    /// One of these exactly.
    At(Vec<Clock>),
    /// From then on.
    After(Clock),
    /// Up to then.
    Before(Clock),
    /// Between the two.
    Between(Clock, Clock),
    /// Near it.
    Around(Clock),
    /// A named part of the day, from and to.
    Part(Time, Time),
    /// The first hour of the day's opening.
    FirstThing,
    /// The last hours of the day's opening.
    EndOfDay,
    /// No preference.
    Any,
}

impl Clock {
    /// Every time of day it can mean.
    pub(super) fn candidates(self) -> Vec<Time> {
        let hours: Vec<i8> = match self.half {
            Half::Sure => vec![self.hour],
            Half::Am => vec![self.hour % 12],
            Half::Pm => vec![self.hour % 12 + 12],
            Half::Open => vec![self.hour % 12, self.hour % 12 + 12],
        };
        hours.into_iter().filter_map(|h| Time::new(h, self.minute, 0, 0).ok()).collect()
    }

    /// A time of day that is sure.
    pub(super) fn sure(time: Time) -> Self {
        Self { hour: time.hour(), minute: time.minute(), half: Half::Sure }
    }

    fn new(hour: u32, minute: u32, half: Half) -> Option<Self> {
        let half = if half == Half::Open && (hour > 12 || hour == 0) || half != Half::Open && hour > 12 {
            Half::Sure
        } else {
            half
        };
        (hour <= 23 && minute <= 59).then_some(Self { hour: hour as i8, minute: minute as i8, half })
    }

    fn with(self, half: Half) -> Self {
        if self.half == Half::Open { Self { half, ..self } } else { self }
    }
}

/// How freely bare numbers are times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ear {
    /// A time was asked for: "three" is one.
    Expecting,
    /// Anything may be said: "at three" is one, "three" is not.
    Open,
}

/// Reads the times in `words` that `used` leaves over, marks theirs.
pub(super) fn find_times(words: &Words, ear: Ear, used: &mut [bool]) -> Option<TimeWish> {
    let part = find_part(words, used);
    let mut clocks: Vec<Mention> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match (Scan { words, used, ear }).clock(at) {
            Some((clock, length)) => {
                used.iter_mut().skip(at).take(length).for_each(|u| *u = true);
                clocks.push(Mention { at, length, clock });
                at += length;
            }
            None => at += 1,
        }
    }
    let half = part.as_ref().and_then(|p| p.half);
    if let Some(half) = half {
        clocks.iter_mut().for_each(|m| m.clock = m.clock.with(half));
    }
    combine(words, clocks).or(part.map(|p| p.wish))
}

struct Mention {
    at: usize,
    length: usize,
    clock: Clock,
}

/// How many tokens of `words` from `at` on are a time of day; none when they are none.
pub(super) fn clock_length(words: &Words, at: usize) -> Option<usize> {
    let used = vec![false; words.len()];
    (Scan { words, used: &used, ear: Ear::Open }).clock(at).map(|(_, length)| length)
}

struct Scan<'a> {
    words: &'a Words,
    used: &'a [bool],
    ear: Ear,
}

impl Scan<'_> {
    fn free(&self, at: usize) -> bool {
        !self.used.get(at).copied().unwrap_or(true)
    }

    /// One time at `at`: the clock and how many tokens it takes.
    fn clock(&self, at: usize) -> Option<(Clock, usize)> {
        if !self.free(at) {
            return None;
        }
        self.named(at).or_else(|| self.relative_to_hour(at)).or_else(|| self.spoken(at))
    }

    fn named(&self, at: usize) -> Option<(Clock, usize)> {
        match self.words.word(at) {
            "noon" | "midday" | "noontime" => Some((Clock { hour: 12, minute: 0, half: Half::Sure }, 1)),
            "midnight" => Some((Clock { hour: 0, minute: 0, half: Half::Sure }, 1)),
            _ => None,
        }
    }

    /// "half past two", "quarter to four", "twenty past nine", "half two".
    fn relative_to_hour(&self, at: usize) -> Option<(Clock, usize)> {
        let w = self.words;
        let (minutes, mut length) = match w.word(at) {
            "half" => (30, 1),
            "quarter" => (15, 1),
            "a" if w.word(at + 1) == "quarter" => (15, 2),
            _ => cardinal(w, at).filter(|(n, _)| matches!(n, 5 | 10 | 15 | 20 | 25 | 30))?,
        };
        if matches!(w.word(at + length), "minutes" | "minute") {
            length += 1;
        }
        let sign = match w.word(at + length) {
            "past" | "after" | "passed" | "pass" => 1,
            "to" | "before" | "till" | "til" | "of" => -1,
            // British "half two" is half past two.
            _ if w.word(at) == "half" => {
                let (hour, taken) = self.hour(at + 1)?;
                let (half, more) = self.meridiem(at + 1 + taken);
                return Clock::new(hour, 30, half).map(|c| (c, 1 + taken + more));
            }
            _ => return None,
        };
        length += 1;
        let (hour, taken) = match w.word(at + length) {
            "noon" | "midday" => (12, 1),
            // "half past to": the recogniser's "two".
            "to" | "too" => (2, 1),
            "for" => (4, 1),
            _ => self.hour(at + length)?,
        };
        let (half, more) = self.meridiem(at + length + taken);
        let clock = if sign > 0 {
            Clock::new(hour, minutes, half)
        } else {
            let earlier = if hour == 1 { 12 } else { hour.checked_sub(1)? };
            // "quarter to twelve pm" is 11:45 in the morning; "quarter to one pm" stays after noon.
            let half = match (hour, half) {
                (12, Half::Pm) => Half::Am,
                (12, Half::Am) => Half::Pm,
                _ => half,
            };
            Clock::new(earlier, 60 - minutes, half)
        };
        clock.map(|c| (c, length + taken + more))
    }

    /// "2:30", "2 pm", "two thirty", "three o'clock", "at three", "1430".
    fn spoken(&self, at: usize) -> Option<(Clock, usize)> {
        let w = self.words;
        if let Some(Token::Clock(hour, minute)) = w.tokens.get(at) {
            let (half, more) = self.meridiem(at + 1);
            return Clock::new(*hour, *minute, half).map(|c| (c, 1 + more));
        }
        if let Some(Token::Digits(digits)) = w.tokens.get(at)
            && matches!(digits.len(), 3 | 4)
        {
            return self.packed(at, digits);
        }
        let (hour, taken, homophone) = match self.hour(at) {
            Some((hour, taken)) => (hour, taken, false),
            None => (homophone(w.word(at))?, 1, true),
        };
        let (minute, minutes_taken) = self.minute(at + taken);
        let (half, more) = self.meridiem(at + taken + minutes_taken);
        let length = taken + minutes_taken + more;
        let next = w.word(at + length);
        if matches!(
            next,
            "minutes"
                | "minute"
                | "days"
                | "day"
                | "weeks"
                | "week"
                | "hours"
                | "hour"
                | "people"
                | "of"
                | "months"
                | "years"
                | "times"
                | "dollars"
                | "euros"
        ) {
            return None;
        }
        // "to 30" is half past two when a time is due.
        let quarter = minutes_taken > 0 && minute % 15 == 0 && self.ear == Ear::Expecting;
        let placed = at == 0 || self.used[at - 1] || w.before(at) == "at";
        let sure =
            more > 0 || minutes_taken > 0 && (!homophone || quarter && placed) || self.asked_for(at, length, homophone);
        if !sure || hour > 23 {
            return None;
        }
        Clock::new(hour, minute, half).map(|c| (c, length))
    }

    /// "230", "1430", "0900".
    fn packed(&self, at: usize, digits: &str) -> Option<(Clock, usize)> {
        let (hour, minute) = digits.split_at(digits.len() - 2);
        let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
        let (half, more) = self.meridiem(at + 1);
        let hours = usize::from(self.words.word(at + 1) == "hours");
        let lead = matches!(
            self.words.before(at),
            "at" | "around" | "about" | "by" | "after" | "before" | "between" | "from" | "until" | "till"
        );
        if minute > 59 || !(more > 0 || hours > 0 || lead || self.ear == Ear::Expecting && self.words.len() <= 4) {
            return None;
        }
        Clock::new(hour, minute, half).map(|c| (c, 1 + more + hours))
    }

    /// Whether a bare number at `at` is meant as a time.
    fn asked_for(&self, at: usize, length: usize, homophone: bool) -> bool {
        let w = self.words;
        let lead = matches!(
            w.before(at),
            "at" | "around"
                | "about"
                | "by"
                | "before"
                | "after"
                | "till"
                | "until"
                | "from"
                | "between"
                | "past"
                | "approximately"
                | "since"
        );
        let end = at + length >= w.len();
        let made = matches!(w.before(at), "it" | "to" | "that")
            && w.has_any(&["make it", "make that", "change it", "change that", "move it"]);
        let insisted = self.ear == Ear::Expecting && matches!(w.before(at), "said" | "say" | "meant" | "mean");
        if homophone {
            return lead && w.before(at) != "from" && end || end && at == 0 && self.ear == Ear::Expecting;
        }
        if lead || made || insisted || w.word(at + length) == "instead" && !self.used[at] && at > 0 {
            return true;
        }
        // "nine, and my name is ...": the answer comes first.
        let hesitations = w.len() - w.without_fillers().len();
        if self.ear == Ear::Expecting && at <= hesitations && at < 3 && w.word(at) != "one" && self.numbers() <= 2 {
            return true;
        }
        // "Ten would be lovely": small numbers might be the place of an offer.
        let praised = matches!(w.word(at + length), "would" | "works" | "sounds" | "suits" | "will" | "if" | "ish");
        if self.ear == Ear::Expecting && praised && self.hour(at).is_some_and(|(h, _)| h > 3) && self.numbers() <= 2 {
            return true;
        }
        if w.word(at) == "one" && !(at == 0 && end) {
            return matches!(w.before(at), "or" | "and")
                && self.ear == Ear::Expecting
                && !matches!(w.word(at + 1), "is" | "works" | "please");
        }
        // "Tuesday two": a number right after a day.
        if at > 0 && self.used[at - 1] && (self.ear == Ear::Expecting || end) {
            return true;
        }
        let between_times = matches!(w.before(at), "or" | "and" | "to")
            && at >= 2
            && (self.used[at - 2] || self.hour(at - 2).is_some());
        let most = if w.has("not") { 3 } else { 2 };
        self.ear == Ear::Expecting && (between_times || w.len() <= 6 && self.numbers() <= most)
    }

    fn numbers(&self) -> usize {
        (0..self.words.len()).filter(|i| cardinal(self.words, *i).is_some()).count()
    }

    fn hour(&self, at: usize) -> Option<(u32, usize)> {
        match self.words.tokens.get(at)? {
            Token::Digits(digits) if digits.len() <= 2 => digits.parse().ok().filter(|h| *h <= 23).map(|h| (h, 1)),
            // "Nine's good" loses its apostrophe.
            Token::Word(word) => match unit(word.strip_suffix('s').filter(|w| unit(w) != Some(1)).unwrap_or(word)) {
                Some(0) | None if tens(word) == Some(20) && self.hundred_follows(at) => {
                    cardinal(self.words, at).filter(|(h, _)| *h <= 23)
                }
                Some(hour) if hour > 0 => Some((hour, 1)),
                _ => None,
            },
            _ => None,
        }
    }

    /// "twenty hundred hours" is the only way a caller says 20 as a bare hour.
    fn hundred_follows(&self, at: usize) -> bool {
        (at..at + 3).any(|i| self.words.word(i) == "hundred")
    }

    /// Minutes after an hour: "thirty", "fifteen", "oh five", "45"; not what belongs to something else.
    fn minute(&self, at: usize) -> (u32, usize) {
        let w = self.words;
        if !self.free(at) {
            return (0, 0);
        }
        if matches!(w.word(at), "oh" | "o" | "zero") {
            if let Some(minute) = unit(w.word(at + 1)).filter(|m| (1..=9).contains(m)) {
                return (minute, 2);
            }
            return (0, 0);
        }
        if w.word(at) == "hundred" {
            return (0, if w.word(at + 1) == "hours" { 2 } else { 1 });
        }
        let two_digits = match w.tokens.get(at) {
            Some(Token::Digits(digits)) => digits.len() == 2,
            Some(Token::Word(_)) => true,
            _ => false,
        };
        // "not ten, eleven": the second is the correction.
        let corrected = at >= 2 && w.word(at - 2) == "not" && at + 1 >= w.len();
        match cardinal(w, at).filter(|_| !corrected) {
            Some((minute, taken))
                if two_digits && (10..=59).contains(&minute)
                    || two_digits && minute == 0 && matches!(w.tokens.get(at), Some(Token::Digits(_))) =>
            {
                if matches!(w.word(at + taken), "minutes" | "minute" | "past" | "to") {
                    (0, 0)
                } else {
                    (minute, taken)
                }
            }
            _ => (0, 0),
        }
    }

    /// "pm", "o'clock", "in the morning" after a time.
    fn meridiem(&self, at: usize) -> (Half, usize) {
        let w = self.words;
        let oclock = usize::from(matches!(w.word(at), "oclock" | "clock"));
        let at = at + oclock;
        let (half, length) = match w.word(at) {
            "pm" => (Half::Pm, 1),
            "am" => (Half::Am, 1),
            "p" if w.word(at + 1) == "m" => (Half::Pm, 2),
            "in" if w.starts(at, "in the morning") => (Half::Am, 3),
            "in" if w.starts(at, "in the afternoon") || w.starts(at, "in the evening") => (Half::Pm, 3),
            "at" if w.starts(at, "at night") => (Half::Pm, 2),
            "sharp" => (Half::Open, 1),
            _ => (Half::Open, 0),
        };
        (half, oclock + length)
    }
}

/// Hours that recognisers write as other words.
fn homophone(word: &str) -> Option<u32> {
    match word {
        "won" => Some(1),
        "to" | "too" => Some(2),
        "for" | "fore" => Some(4),
        "ate" => Some(8),
        "tan" => Some(10),
        _ => None,
    }
}

/// Joins mentions: corrections, "or", ranges, "after", "before", "around".
fn combine(words: &Words, mut clocks: Vec<Mention>) -> Option<TimeWish> {
    let mark = |i: &usize| corrected(words, clocks[i - 1].at + clocks[i - 1].length, clocks[*i].at);
    if let Some(last) = (1..clocks.len()).rev().find(mark) {
        clocks.drain(..last);
    }
    let ends: Vec<usize> = clocks.iter().map(|m| m.at + m.length).collect();
    let refused = |m: &Mention| {
        // What refuses one time does not refuse the next: "not ten, eleven".
        let from = ends.iter().copied().filter(|end| *end <= m.at).max().unwrap_or(0).max(m.at.saturating_sub(2));
        // "Not three, three thirty": an hour that is no time by itself takes the refusal.
        let taken = |i: usize| (i + 1..m.at).any(|between| cardinal(words, between).is_some());
        (from..m.at).any(|i| matches!(words.word(i), "not" | "than" | "except") && !taken(i))
            && !words.word(m.at.saturating_sub(2)).starts_with("later")
            && words.before(m.at) != "before"
            && words.before(m.at) != "after"
            && !matches!(words.word(m.at.saturating_sub(2)), "earlier")
    };
    let too = |m: &Mention| ["too early", "too late", "is too"].iter().any(|t| words.starts(m.at + m.length, t));
    let said = clocks.len();
    clocks.retain(|m| !(refused(m) || said > 1 && too(m)));
    let first = clocks.first()?;
    if let Some(second) = clocks.get(1) {
        let gap: Vec<&str> = (first.at + first.length..second.at).map(|i| words.word(i)).collect();
        let (from, to) = same_half(first.clock, second.clock);
        if gap.iter().any(|w| matches!(*w, "to" | "till" | "until" | "through")) || lead(words, first.at) == "between" {
            return Some(TimeWish::Between(from, to));
        }
        if lead(words, first.at) == "after" && lead(words, second.at) == "before" {
            return Some(TimeWish::Between(from, to));
        }
        if gap.iter().any(|w| *w == "or" || *w == "and") {
            let each: Vec<Clock> = clocks.iter().map(|m| m.clock.with(second.clock.half)).collect();
            return Some(TimeWish::At(each));
        }
        // "Noon, if there's noon" is one time.
        let mut each: Vec<Clock> = clocks.iter().map(|m| m.clock).collect();
        each.dedup();
        return Some(TimeWish::At(each));
    }
    let clock = first.clock;
    let tail = words.word(first.at + first.length);
    Some(match lead(words, first.at) {
        "not before" | "after" | "from" | "since" | "past" => TimeWish::After(clock),
        "not after" | "before" | "by" | "until" | "till" => TimeWish::Before(clock),
        "around" | "about" | "approximately" | "near" => TimeWish::Around(clock),
        _ if tail == "ish" || words.starts(first.at + first.length, "or so") => TimeWish::Around(clock),
        _ if words.starts(first.at + first.length, "or later")
            || words.starts(first.at + first.length, "or after")
            || matches!(tail, "onwards" | "onward") =>
        {
            TimeWish::After(clock)
        }
        _ if words.starts(first.at + first.length, "or earlier")
            || words.starts(first.at + first.length, "or before") =>
        {
            TimeWish::Before(clock)
        }
        _ => TimeWish::At(vec![clock]),
    })
}

fn lead(words: &Words, at: usize) -> &str {
    let before = words.before(at);
    let second = at.checked_sub(2).map_or("", |i| words.word(i));
    match (second, before) {
        ("not" | "no", "before") => "not before",
        ("not" | "no", "after") => "not after",
        // "how about two" is no "around two".
        ("how" | "what", "about") => "",
        ("later", "than") | ("earlier", "than") => {
            let not = at.checked_sub(3).map_or("", |i| words.word(i));
            match (second, matches!(not, "not" | "no")) {
                ("later", false) | ("earlier", true) => "after",
                _ => "before",
            }
        }
        // "the day after at ten" is no "after ten".
        // "the day after at ten", "the Monday after, at noon": no "after ten".
        ("after", "at") if at >= 3 && words.word(at - 3).ends_with("day") => "",
        (lead, "at") if matches!(lead, "around" | "about" | "after" | "before") => lead,
        _ => before,
    }
}

/// In "between 2 and 4 pm" the first takes the second's half when that keeps the order.
fn same_half(from: Clock, to: Clock) -> (Clock, Clock) {
    if from.half == Half::Open && matches!(to.half, Half::Am | Half::Pm) {
        let same = from.with(to.half);
        if same.candidates() < to.candidates() {
            return (same, to);
        }
        return (from.with(if to.half == Half::Pm { Half::Am } else { Half::Pm }), to);
    }
    (from, to)
}
