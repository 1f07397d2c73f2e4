//! A thousand English ways to say a day and a time: never confidently wrong.

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday, date, time};

use crate::expressions::{Count, Dice, Meant, Said, TODAYS, ZONES, dawn, shop};

#[test]
fn a_thousand_english_expressions() {
    let mut count = Count::default();
    for n in 0..1000_u64 {
        let mut dice = Dice::new(n + 1);
        let shop = shop(dice.pick(&ZONES), "en");
        let (year, month, day) = dice.pick(&TODAYS);
        let today = date(year, month, day) + dice.below(3).days();
        let said = said(&mut dice, today, &shop.country);
        count.judge(&said, dawn(&shop, today), &shop);
    }
    count.hold(97);
}

fn said(dice: &mut Dice, today: Date, country: &str) -> Said {
    let (day_words, day, ambiguous) = day_words(dice, today, country);
    let (time_words, time) = time_words(dice);
    let text = match dice.below(6) {
        0 => format!("{day_words} {time_words}"),
        1 => format!("{day_words}, {time_words}, please."),
        2 => format!("I'd like to come {day_words} {time_words}"),
        3 => format!("Could I get something {day_words}, {time_words}?"),
        4 => format!("{}, {day_words}", time_words.trim()),
        _ => format!("um, {day_words} {time_words} would be lovely"),
    };
    Said { text, day, time, ambiguous }
}

fn day_words(dice: &mut Dice, today: Date, country: &str) -> (String, Date, bool) {
    let ahead = |n: i64| today + n.days();
    let name = |d: Date| NAMES[usize::from(d.weekday().to_monday_zero_offset().unsigned_abs())];
    let month = |d: Date| MONTHS[usize::from(d.month().unsigned_abs()) - 1];
    let (near, far) = (ahead(1 + dice.below(6)), ahead(1 + dice.below(60)));
    let sure = |text: String, day: Date| (text, day, false);
    match dice.below(20) {
        0 => sure("today".into(), today),
        1 => sure("tomorrow".into(), ahead(1)),
        2 => sure("the day after tomorrow".into(), ahead(2)),
        3 => {
            let n = 2 + dice.below(12);
            sure(format!("in {n} days"), ahead(n))
        }
        4 => sure(format!("on {}", name(near)), near),
        5 => sure(format!("this coming {}", name(near)), near),
        6 => (format!("next {}", name(near)), near, true),
        7 => sure(format!("on {} {}{}", month(far), far.day(), ending(far.day())), far),
        8 => sure(format!("the {}{} of {}", far.day(), ending(far.day()), month(far)), far),
        9 => sure(format!("{}, {} {}", name(far), month(far), far.day()), far),
        10 => sure(format!("{} the {}{} of {}", name(far), far.day(), ending(far.day()), month(far)), far),
        11 => sure("a week from today".into(), ahead(7)),
        12 => sure(format!("a week from {}", name(near)), near + 7.days()),
        13 if today.weekday() != Weekday::Sunday => {
            let monday = ahead(7 - i64::from(today.weekday().to_monday_zero_offset()));
            let day = monday + dice.below(7).days();
            sure(format!("on {} next week", name(day)), day)
        }
        14 => sure("in two weeks".into(), ahead(14)),
        15 => sure("two weeks from tomorrow".into(), ahead(15)),
        16 => sure(format!("{} {}, {}", month(far), far.day(), far.year()), far),
        17 if country == "US" => sure(format!("on {}/{}", far.month(), far.day()), far),
        18 => {
            let day = ahead(1 + dice.below(26));
            // "The second of the month" and a second choice sound alike.
            let day = if day.day() < 4 { day + 4.days() } else { day };
            sure(format!("on the {}{}", day.day(), ending(day.day())), day)
        }
        _ => sure(format!("on {} {}", WORDS[usize::from(far.day().unsigned_abs()) - 1], month(far)), far),
    }
}

fn time_words(dice: &mut Dice) -> (String, Meant) {
    let hour = i8::try_from(8 + dice.below(12)).expect("small");
    let twelve = (hour + 11) % 12 + 1;
    let (word, next) =
        (HOURS[usize::from(twelve.unsigned_abs()) - 1], HOURS[usize::from((twelve % 12).unsigned_abs())]);
    let half = if hour < 12 { "a.m." } else { "p.m." };
    let part = match hour {
        0..=11 => "in the morning",
        12..=17 => "in the afternoon",
        _ => "in the evening",
    };
    let at = |minute: i8| Meant::At(time(hour, minute, 0, 0));
    let end = time(23, 59, 59, 0);
    match dice.below(18) {
        0 => (format!("at {twelve}:30 {half}"), at(30)),
        1 => (format!("at {word} {part}"), at(0)),
        2 => (format!("at half past {word} {part}"), at(30)),
        3 if hour < 19 && hour != 11 => (format!("at a quarter to {next} {part}"), at(45)),
        4 => (format!("at quarter past {word}"), at(15)),
        5 => (format!("at {word}"), at(0)),
        6 => (format!("at {twelve} {half}"), at(0)),
        7 => (format!("at {word} o'clock"), at(0)),
        8 => (format!("at {word} thirty"), at(30)),
        9 => (format!("at {word} fifteen {}", half.replace('.', "")), at(15)),
        10 => (format!("at {hour:02}:45"), at(45)),
        11 => (format!("at twenty past {word}"), at(20)),
        12 => ("at noon".into(), Meant::At(time(12, 0, 0, 0))),
        13 => ("in the morning".into(), Meant::Within(Time::midnight(), time(12, 0, 0, 0))),
        14 => ("in the afternoon".into(), Meant::Within(time(12, 0, 0, 0), time(18, 0, 0, 0))),
        15 => (format!("after {twelve} {}", half.replace('.', "")), Meant::Within(time(hour, 0, 0, 0), end)),
        16 => ("between two and four".into(), Meant::Within(time(14, 0, 0, 0), time(16, 0, 0, 0))),
        _ => ("before eleven in the morning".into(), Meant::Within(Time::midnight(), time(11, 0, 0, 0))),
    }
}

fn ending(day: i8) -> &'static str {
    match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    }
}

const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
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
const HOURS: [&str; 12] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
const WORDS: [&str; 31] = [
    "the first of",
    "the second of",
    "the third of",
    "the fourth of",
    "the fifth of",
    "the sixth of",
    "the seventh of",
    "the eighth of",
    "the ninth of",
    "the tenth of",
    "the eleventh of",
    "the twelfth of",
    "the thirteenth of",
    "the fourteenth of",
    "the fifteenth of",
    "the sixteenth of",
    "the seventeenth of",
    "the eighteenth of",
    "the nineteenth of",
    "the twentieth of",
    "the twenty-first of",
    "the twenty-second of",
    "the twenty-third of",
    "the twenty-fourth of",
    "the twenty-fifth of",
    "the twenty-sixth of",
    "the twenty-seventh of",
    "the twenty-eighth of",
    "the twenty-ninth of",
    "the thirtieth of",
    "the thirty-first of",
];
