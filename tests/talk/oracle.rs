//! Generated wishes against an oracle that starts from the date: never confidently wrong.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use offhook::conversation::{When, understand_when};
use proptest::prelude::*;

use crate::shops::{dental, garage};
use crate::stage::at;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const ORDINALS: [&str; 31] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty-first",
    "twenty second",
    "twenty-third",
    "twenty-fourth",
    "twenty fifth",
    "twenty-sixth",
    "twenty-seventh",
    "twenty-eighth",
    "twenty-ninth",
    "thirtieth",
    "thirty-first",
];
const HOURS: [&str; 13] =
    ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// The day in words; every wording means exactly this date to a person.
fn day_in_words(day: Date, today: Date, style: u8) -> String {
    let ahead = today.until(day).expect("near").get_days();
    let weekday = DAYS[day.weekday().to_monday_zero_offset() as usize];
    let month = MONTHS[day.month() as usize - 1];
    let number = day.day();
    let ending = match number {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    match style % 9 {
        0 if ahead == 0 => "today".into(),
        0 if ahead == 1 => "tomorrow".into(),
        0 if ahead == 2 => "the day after tomorrow".into(),
        0 => format!("in {ahead} days"),
        1 if (1..=6).contains(&ahead) => format!("on {weekday}"),
        1 | 2 => format!("{month} {number}{ending}"),
        3 => format!("the {} of {month}", ORDINALS[number as usize - 1]),
        4 => format!("{weekday}, {month} {}", ORDINALS[number as usize - 1]),
        5 => format!("{month} {number}"),
        6 if (1..=27).contains(&ahead) => format!("on the {number}{ending}"),
        7 => format!("{weekday} the {number}{ending} of {month}"),
        _ => format!("{number} {month}"),
    }
}

/// The time in words, or its two spellings with the half of the day.
fn time_in_words(hour: i8, minute: i8, style: u8) -> String {
    let twelve = (hour + 11) % 12 + 1;
    let half = if hour < 12 { "a.m." } else { "p.m." };
    let part = if hour < 12 { "in the morning" } else { "in the afternoon" };
    let (h, next) = (HOURS[twelve as usize], HOURS[(twelve % 12 + 1) as usize]);
    match (style % 7, minute) {
        (0, _) => format!("{twelve}:{minute:02} {half}"),
        (1, 0) => format!("{h} {part}"),
        (1, 15) => format!("quarter past {h} {part}"),
        (1, 30) => format!("half past {h} {part}"),
        (1, 45) if hour != 11 => format!("quarter to {next} {part}"),
        (2, 0) => format!("{twelve} {}", half.replace('.', "")),
        (2, _) => format!("{twelve}.{minute:02} {half}"),
        (3, _) => format!("{hour:02}:{minute:02} {half}"),
        (4, 0) => format!("{h} o'clock {part}"),
        (4, 15) => format!("{h} fifteen {part}"),
        (4, 30) => format!("{h} thirty {part}"),
        (4, 45) => format!("{h} forty-five {part}"),
        (5, _) if hour > 12 => format!("{hour}:{minute:02}"),
        _ => format!("{twelve} {minute:02} {}", half.to_uppercase()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn never_confidently_wrong(
        start in 0i64..800, ahead in 0i64..60, hour in 8i8..20, quarter in 0i8..4, day_style in any::<u8>(), time_style in any::<u8>(),
        frame in 0u8..5, dentist in any::<bool>(),
    ) {
        let shop = if dentist { dental() } else { garage() };
        let today = date(2026, 1, 1) + start.days();
        let day = today + ahead.days();
        let minute = quarter * 15;
        let now = at(&shop, today.at(6, 0, 0, 0));
        let (d, t) = (day_in_words(day, today, day_style), time_in_words(hour, minute, time_style));
        let text = match frame {
            0 => format!("{d} at {t}"),
            1 => format!("at {t} {d}"),
            2 => format!("I'd like to come in {d}, at {t}, please."),
            3 => format!("Could you do {d}. {t}?"),
            _ => format!("{d} {t}"),
        };
        let want = at(&shop, day.at(hour, minute, 0, 0));
        match understand_when(&text, now, &shop) {
            When::Exact(got) => prop_assert_eq!(got, want, "{} on {} {:?}", text, today, today.weekday()),
            When::WhichDay(days) => prop_assert!(days.contains(&day), "{text} on {today}: {days:?}"),
            When::WhichTime(times) => prop_assert!(times.contains(&jiff::civil::time(hour, minute, 0, 0)), "{text}: {times:?}"),
            other => prop_assert!(false, "{text} on {today}: {other:?}"),
        }
    }
}
