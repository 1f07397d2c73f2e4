//! Repeats (RFC 5545 section 3.3.10) on a clock's face: which local times a rule names inside a window.
//!
//! A window far from the first time is reached by a jump where the rule has no COUNT, and every expansion has a budget:
//! a hostile rule costs a moment, not the machine.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{SignedDuration, ToSpan};

/// A repeat rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    every: Every,
    interval: i64,
    count: Option<u64>,
    until: Option<DateTime>,
    months: Vec<i64>,
    weeks: Vec<i64>,
    year_days: Vec<i64>,
    month_days: Vec<i64>,
    /// Ordinal (0: each) and weekday.
    days: Vec<(i64, Weekday)>,
    hours: Vec<i64>,
    minutes: Vec<i64>,
    seconds: Vec<i64>,
    positions: Vec<i64>,
    week_start: Option<Weekday>,
}

/// The length of a rule's period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Every {
    Second,
    Minute,
    Hour,
    #[default]
    Day,
    Week,
    Month,
    Year,
}

impl Rule {
    /// Reads a rule; `local` turns its UNTIL into the first time's clock. None for what is no rule.
    pub(super) fn read(text: &str, first: DateTime, local: impl Fn(&str) -> Option<DateTime>) -> Option<Rule> {
        let mut rule = Rule { interval: 1, ..Rule::default() };
        let mut every = None;
        for (name, value) in text.split(';').filter_map(|part| part.split_once('=')) {
            let value = value.trim();
            match name.trim().to_ascii_uppercase().as_str() {
                "FREQ" => every = Some(Every::read(value)?),
                "INTERVAL" => rule.interval = value.parse().ok().filter(|n| (1..=INTERVAL_MAX).contains(n))?,
                "COUNT" => rule.count = Some(value.parse().ok()?),
                "UNTIL" => rule.until = Some(local(value)?),
                "BYMONTH" => rule.months = numbers(value)?,
                "BYWEEKNO" => rule.weeks = numbers(value)?,
                "BYYEARDAY" => rule.year_days = numbers(value)?,
                "BYMONTHDAY" => rule.month_days = numbers(value)?,
                "BYDAY" => rule.days = value.split(',').map(weekday).collect::<Option<_>>()?,
                "BYHOUR" => rule.hours = numbers(value)?,
                "BYMINUTE" => rule.minutes = numbers(value)?,
                "BYSECOND" => rule.seconds = numbers(value)?,
                "BYSETPOS" => rule.positions = numbers(value)?,
                "WKST" => rule.week_start = Some(weekday(value)?.1),
                _ => {}
            }
        }
        rule.every = every?;
        rule.take_from(first);
        Some(rule)
    }

    /// What a rule leaves open is the first time's.
    fn take_from(&mut self, first: DateTime) {
        let open =
            self.weeks.is_empty() && self.year_days.is_empty() && self.month_days.is_empty() && self.days.is_empty();
        match self.every {
            Every::Year if open => {
                if self.months.is_empty() {
                    self.months.push(first.month().into());
                }
                self.month_days.push(first.day().into());
            }
            Every::Month if open => self.month_days.push(first.day().into()),
            Every::Week if open => self.days.push((0, first.weekday())),
            _ => {}
        }
        let clock = [
            (&mut self.hours, Every::Hour, first.hour()),
            (&mut self.minutes, Every::Minute, first.minute()),
            (&mut self.seconds, Every::Second, first.second()),
        ];
        for (given, unit, own) in clock {
            if given.is_empty() && self.every > unit {
                given.push(own.into());
            }
        }
    }

    /// Local starts in `[from, to)`, in order; `first` itself is always one of the rule's. `budget` counts the steps
    /// that are left; at zero the rest is missing.
    pub(super) fn starts(&self, first: DateTime, from: DateTime, to: DateTime, budget: &mut u32) -> Vec<DateTime> {
        let mut found = Vec::new();
        let mut counted = 1;
        if first >= from && first < to {
            found.push(first);
        }
        for period in self.reach(first, from).. {
            let Some((begin, times)) = self.period(first, period, budget) else { return found };
            if begin >= to || *budget == 0 {
                return found;
            }
            for at in times.into_iter().filter(|at| *at > first) {
                counted += 1;
                let over = self.count.is_some_and(|count| counted > count) || self.until.is_some_and(|end| at > end);
                if over || at >= to {
                    return found;
                }
                if at >= from {
                    found.push(at);
                }
            }
        }
        found
    }

    /// The period to begin with: one before the window's first, or the very first where times are counted.
    fn reach(&self, first: DateTime, from: DateTime) -> i64 {
        if self.count.is_some() || from <= first {
            return 0;
        }
        let seconds = from.duration_since(first).as_secs();
        let periods = match self.every {
            Every::Year => i64::from(from.year()) - i64::from(first.year()),
            Every::Month => month_number(from.date()) - month_number(first.date()),
            Every::Week => seconds / (7 * DAY_SECONDS),
            every => seconds / every.seconds(),
        };
        (periods / self.interval - 1).max(0)
    }

    /// Begin and times of a period; none past the end of the calendar.
    fn period(&self, first: DateTime, number: i64, budget: &mut u32) -> Option<(DateTime, Vec<DateTime>)> {
        let steps = number.checked_mul(self.interval)?;
        let (begin, days) = match self.every {
            Every::Year => {
                let begin = Date::new(i16::try_from(i64::from(first.year()).checked_add(steps)?).ok()?, 1, 1).ok()?;
                (begin, i64::from(begin.days_in_year()))
            }
            Every::Month => {
                let month = month_number(first.date()).checked_add(steps)?;
                let year = i16::try_from(month.div_euclid(12)).ok()?;
                let begin = Date::new(year, (month.rem_euclid(12) + 1) as i8, 1).ok()?;
                (begin, i64::from(begin.days_in_month()))
            }
            Every::Week => {
                let back = first.weekday().since(self.week_start());
                let begin = later(first.date(), steps.checked_mul(7)?.checked_sub(back.into())?)?;
                (begin, 7)
            }
            Every::Day => (later(first.date(), steps)?, 1),
            every => return self.moment(first, steps.checked_mul(every.seconds())?, budget),
        };
        *budget = budget.saturating_sub(days as u32);
        let days = (0..days).filter_map(|day| later(begin, day)).filter(|day| self.names_day(*day));
        let mut times: Vec<DateTime> = days.flat_map(|day| self.clock(day, &self.hours, &self.minutes)).collect();
        times.sort_unstable();
        times.dedup();
        *budget = budget.saturating_sub(times.len() as u32);
        Some((begin.into(), self.chosen(times)))
    }

    /// A period shorter than a day.
    fn moment(&self, first: DateTime, seconds: i64, budget: &mut u32) -> Option<(DateTime, Vec<DateTime>)> {
        *budget = budget.saturating_sub(1);
        let at = first.checked_add(SignedDuration::from_secs(seconds)).ok()?;
        let begin = match self.every {
            Every::Hour => at.date().at(at.hour(), 0, 0, 0),
            Every::Minute => at.date().at(at.hour(), at.minute(), 0, 0),
            _ => at,
        };
        let allowed = |list: &[i64], own: i8| list.is_empty() || list.contains(&own.into());
        let fits = self.names_day(at.date())
            && allowed(&self.hours, at.hour())
            && (self.every > Every::Minute || allowed(&self.minutes, at.minute()))
            && (self.every > Every::Second || allowed(&self.seconds, at.second()));
        if !fits {
            return Some((begin, Vec::new()));
        }
        let minutes = if self.every > Every::Minute { self.minutes.clone() } else { vec![at.minute().into()] };
        let mut times = match self.every {
            Every::Second => vec![at],
            _ => self.clock(at.date(), &[at.hour().into()], &minutes),
        };
        times.sort_unstable();
        times.dedup();
        Some((begin, self.chosen(times)))
    }

    fn clock(&self, day: Date, hours: &[i64], minutes: &[i64]) -> Vec<DateTime> {
        let mut times = Vec::new();
        for (hour, minute) in hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (*hour, *minute))) {
            for second in &self.seconds {
                let time = Time::new(hour as i8, minute as i8, (*second).min(59) as i8, 0);
                times.extend(time.ok().map(|time| day.to_datetime(time)));
            }
        }
        times
    }

    fn names_day(&self, day: Date) -> bool {
        let counts = |list: &[i64], number: i64, of: i64| {
            list.is_empty() || list.contains(&number) || list.contains(&(number - of - 1))
        };
        let (week, weeks) = if self.weeks.is_empty() { (0, 0) } else { week_number(day, self.week_start()) };
        (self.months.is_empty() || self.months.contains(&day.month().into()))
            && counts(&self.weeks, week, weeks)
            && counts(&self.year_days, day.day_of_year().into(), day.days_in_year().into())
            && counts(&self.month_days, day.day().into(), day.days_in_month().into())
            && (self.days.is_empty() || self.days.iter().any(|named| self.is_named(*named, day)))
    }

    /// "Second Tuesday" counts within the month, or within the year where a yearly rule names no month.
    fn is_named(&self, (ordinal, weekday): (i64, Weekday), day: Date) -> bool {
        if day.weekday() != weekday {
            return false;
        }
        let (number, of) = match self.every {
            Every::Year if self.months.is_empty() => (i64::from(day.day_of_year()), i64::from(day.days_in_year())),
            Every::Year | Every::Month => (i64::from(day.day()), i64::from(day.days_in_month())),
            _ => return true,
        };
        ordinal == 0 || ordinal == (number - 1) / 7 + 1 || ordinal == -((of - number) / 7 + 1)
    }

    fn chosen(&self, times: Vec<DateTime>) -> Vec<DateTime> {
        if self.positions.is_empty() {
            return times;
        }
        let all = times.len() as i64;
        let keep = |at: i64| self.positions.contains(&(at + 1)) || self.positions.contains(&(at - all));
        times.into_iter().enumerate().filter(|(at, _)| keep(*at as i64)).map(|(_, time)| time).collect()
    }

    fn week_start(&self) -> Weekday {
        self.week_start.unwrap_or(Weekday::Monday)
    }
}

impl Every {
    fn read(word: &str) -> Option<Every> {
        Some(match word.to_ascii_uppercase().as_str() {
            "SECONDLY" => Every::Second,
            "MINUTELY" => Every::Minute,
            "HOURLY" => Every::Hour,
            "DAILY" => Every::Day,
            "WEEKLY" => Every::Week,
            "MONTHLY" => Every::Month,
            "YEARLY" => Every::Year,
            _ => return None,
        })
    }

    /// Of the periods that have a fixed length.
    fn seconds(self) -> i64 {
        match self {
            Every::Second => 1,
            Every::Minute => 60,
            Every::Hour => 3600,
            _ => DAY_SECONDS,
        }
    }
}

/// The week of a year (at least four of its days are in it) and how many weeks that year has.
fn week_number(day: Date, start: Weekday) -> (i64, i64) {
    let first_week = |year: i16| {
        let fourth = Date::new(year, 1, 4).ok()?;
        later(fourth, -i64::from(fourth.weekday().since(start)))
    };
    let year =
        [day.year().saturating_add(1), day.year()].into_iter().find(|year| first_week(*year).is_some_and(|w| w <= day));
    let year = year.unwrap_or(day.year().saturating_sub(1));
    let (Some(begin), Some(end)) = (first_week(year), first_week(year.saturating_add(1))) else { return (0, 0) };
    let weeks = |to: Date| to.duration_since(begin).as_secs() / (7 * DAY_SECONDS);
    (weeks(day) + 1, weeks(end))
}

fn month_number(day: Date) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month()) - 1
}

fn later(day: Date, days: i64) -> Option<Date> {
    day.checked_add(i32::try_from(days).ok().filter(|d| d.abs() < DAYS_MAX)?.days()).ok()
}

fn numbers(list: &str) -> Option<Vec<i64>> {
    let numbers: Option<Vec<i64>> = list.split(',').map(|n| n.trim().trim_start_matches('+').parse().ok()).collect();
    numbers.filter(|list| list.len() <= LIST_MAX && list.iter().all(|n| n.abs() <= 366))
}

fn weekday(word: &str) -> Option<(i64, Weekday)> {
    let word = word.trim();
    let (ordinal, day) = word.split_at_checked(word.len().checked_sub(2)?)?;
    let day = match day.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    let ordinal = if ordinal.is_empty() { 0 } else { ordinal.trim_start_matches('+').parse().ok()? };
    Some((ordinal, day))
}

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// Longest step between two periods; beyond it nothing repeats within a lifetime.
const INTERVAL_MAX: i64 = 100_000_000;
/// Numbers one part of a rule may list: every day of a year, twice.
const LIST_MAX: usize = 800;
/// Days a date is moved by at most: what the calendar spans.
const DAYS_MAX: i32 = 7_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::caldav::busy::BUDGET;
    use crate::calendar::caldav::times::local;

    /// Rule, first time, window, and the starts another program (python-dateutil) finds for it. Left out: BYDAY that
    /// mixes plain and numbered days, and one week 53, where it departs from the RFC.
    const KNOWN: &str = include_str!("../../../tests/ledger/repeats.tsv");

    #[test]
    fn hundreds_of_rules_name_the_times_that_another_program_finds() {
        let mut wrong = Vec::new();
        for line in KNOWN.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [first, from, to] = [1, 2, 3].map(|at| local(fields[at]).unwrap());
            let expected: Vec<DateTime> = fields[4].split(',').filter_map(local).collect();
            let rule = Rule::read(fields[0], first, local).unwrap();
            let found = rule.starts(first, from, to, &mut { BUDGET });
            if found != expected {
                wrong.push(format!("{line}: {found:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_rule_without_end_costs_no_more_than_its_budget() {
        let (first, from, to) =
            ["19700101T000000", "20261120T000000", "20270120T000000"].map(|t| local(t).unwrap()).into();
        for text in [
            "FREQ=SECONDLY",
            "FREQ=SECONDLY;COUNT=4000000000",
            "FREQ=DAILY;COUNT=4000000000;BYHOUR=1,2,3;BYMINUTE=1,2,3",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=MINUTELY;BYMONTH=13",
        ] {
            let mut budget = 200_000;
            let found = Rule::read(text, first, local).unwrap().starts(first, from, to, &mut budget);
            assert!(found.len() <= 200_000, "{text}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in ["", "COUNT=3", "FREQ=OFTEN", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;BYDAY=XX", "FREQ=DAILY;BYHOUR=a"]
        {
            assert!(Rule::read(text, local("20261120").unwrap(), local).is_none(), "{text}");
        }
    }
}
