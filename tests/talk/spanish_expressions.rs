//! Five hundred Spanish ways to say a day and a time: never confidently wrong.

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday, date, time};

use crate::expressions::{Count, Dice, Meant, Said, TODAYS, ZONES, dawn, shop};

#[test]
fn five_hundred_spanish_expressions() {
    let mut count = Count::default();
    for n in 0..500_u64 {
        let mut dice = Dice::new(n + 5_000);
        let shop = shop(dice.pick(&ZONES), "es");
        let (year, month, day) = dice.pick(&TODAYS);
        let today = date(year, month, day) + dice.below(3).days();
        let said = said(&mut dice, today);
        count.judge(&said, dawn(&shop, today), &shop);
    }
    count.hold(97);
}

fn said(dice: &mut Dice, today: Date) -> Said {
    let (day_words, day, ambiguous) = day_words(dice, today);
    let (time_words, time) = time_words(dice);
    let text = match dice.below(7) {
        0 => format!("{day_words} {time_words}"),
        1 => format!("{day_words}, {time_words}, por favor."),
        2 => format!("Me gustaría ir {day_words} {time_words}."),
        3 => format!("¿Tendrían algo {day_words}, {time_words}?"),
        4 => format!("{time_words}, {day_words}"),
        5 => format!("pues {day_words} {time_words} me iría estupendo"),
        _ => unaccented(&format!("quisiera una hora para {day_words} {time_words}")),
    };
    Said { text, day, time, ambiguous }
}

fn day_words(dice: &mut Dice, today: Date) -> (String, Date, bool) {
    let ahead = |n: i64| today + n.days();
    let name = |d: Date| NAMES[usize::from(d.weekday().to_monday_zero_offset().unsigned_abs())];
    let month = |d: Date| MONTHS[usize::from(d.month().unsigned_abs()) - 1];
    let number = |d: Date| NUMBERS[usize::from(d.day().unsigned_abs()) - 1];
    let (near, far) = (ahead(1 + dice.below(6)), ahead(1 + dice.below(60)));
    let sure = |text: String, day: Date| (text, day, false);
    match dice.below(22) {
        0 => sure("hoy".into(), today),
        1 => sure("mañana".into(), ahead(1)),
        2 => sure("pasado mañana".into(), ahead(2)),
        3 => {
            // "En ocho días" is a week to most people, "en quince días" two: asked about.
            let n = dice.pick(&[2, 3, 4, 5, 6, 9, 10, 12]);
            sure(format!("dentro de {} días", NUMBERS[usize::try_from(n).expect("small") - 1]), ahead(n))
        }
        4 => sure(format!("el {}", name(near)), near),
        5 => sure(format!("este {}", name(near)), near),
        6 => (format!("el próximo {}", name(near)), near, true),
        7 => (format!("el {} que viene", name(near)), near, true),
        8 => sure(format!("el {} de {}", far.day(), month(far)), far),
        9 => sure(format!("el {} de {}", number(far), month(far)), far),
        10 => sure(format!("el {} {} de {}", name(far), far.day(), month(far)), far),
        11 => sure(format!("el {}, {} de {}", name(far), number(far), month(far)), far),
        12 => sure("de hoy en ocho".into(), ahead(7)),
        13 => sure(format!("el {} en ocho", name(near)), near + 7.days()),
        14 | 15 if today.weekday() != Weekday::Sunday => {
            let monday = ahead(7 - i64::from(today.weekday().to_monday_zero_offset()));
            let day = monday + dice.below(7).days();
            match dice.below(3) {
                0 => sure(format!("el {} de la semana que viene", name(day)), day),
                1 => sure(format!("la semana que viene, el {}", name(day)), day),
                _ => sure(format!("el {} de la próxima semana", name(day)), day),
            }
        }
        16 => sure("en dos semanas".into(), ahead(14)),
        17 => sure(format!("el {} de {} de {}", far.day(), month(far), far.year()), far),
        18 => sure(format!("el {}/{}", far.day(), far.month()), far),
        19 => {
            let day = ahead(1 + dice.below(26));
            sure(format!("el día {}", number(day)), day)
        }
        20 => ("en quince días".into(), ahead(14 + dice.below(2)), true),
        _ => {
            let first = far.last_of_month() + 1.day();
            sure(format!("el primero de {}", month(first)), first)
        }
    }
}

fn time_words(dice: &mut Dice) -> (String, Meant) {
    let hour = i8::try_from(8 + dice.below(12)).expect("small");
    let twelve = (hour + 11) % 12 + 1;
    let at = |h: i8| match (h + 11) % 12 {
        0 => "a la una".to_string(),
        n => format!("a las {}", NUMBERS[usize::from(n.unsigned_abs())]),
    };
    let (here, next) = (at(hour), at(hour + 1));
    let part = match hour {
        0..=11 => "de la mañana",
        12 => "del mediodía",
        _ => "de la tarde",
    };
    let exact = |minute: i8| Meant::At(time(hour, minute, 0, 0));
    let end = time(23, 59, 59, 0);
    match dice.below(20) {
        0 => (format!("{here} y media {part}"), exact(30)),
        1 => (format!("{here} {part}"), exact(0)),
        2 => (here, exact(0)),
        3 if hour < 19 && !matches!(hour, 11 | 12) => (format!("{next} menos cuarto"), exact(45)),
        4 => (format!("{here} y cuarto"), exact(15)),
        5 => (format!("{here} y veinte"), exact(20)),
        6 if hour < 19 && hour != 12 => (format!("un cuarto para {}", next.trim_start_matches("a ")), exact(45)),
        7 => (format!("a las {twelve}:30 {part}"), exact(30)),
        8 => (format!("a las {hour}:15"), exact(15)),
        9 => (format!("{here} en punto"), exact(0)),
        10 if hour < 19 && hour != 12 => (format!("{next} menos diez"), exact(50)),
        11 => ("al mediodía".into(), Meant::At(time(12, 0, 0, 0))),
        12 => ("por la mañana".into(), Meant::Within(Time::midnight(), time(12, 0, 0, 0))),
        13 => ("por la tarde".into(), Meant::Within(time(12, 0, 0, 0), time(18, 0, 0, 0))),
        14 => (format!("después de {} {part}", here.trim_start_matches("a ")), Meant::Within(time(hour, 0, 0, 0), end)),
        15 => ("entre las dos y las cuatro".into(), Meant::Within(time(14, 0, 0, 0), time(16, 0, 0, 0))),
        16 => ("antes de las once".into(), Meant::Within(Time::midnight(), time(11, 0, 0, 0))),
        17 => ("a primera hora".into(), Meant::Within(time(8, 0, 0, 0), time(9, 30, 0, 0))),
        18 => ("a partir de las cinco de la tarde".into(), Meant::Within(time(17, 0, 0, 0), end)),
        _ => (format!("{here} treinta"), exact(30)),
    }
}

/// As a recogniser or a hurried hand writes it.
fn unaccented(text: &str) -> String {
    let plain = |c| match c {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' => 'u',
        other => other,
    };
    text.chars().map(plain).collect()
}

const NAMES: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const NUMBERS: [&str; 31] = [
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciséis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidós",
    "veintitrés",
    "veinticuatro",
    "veinticinco",
    "veintiséis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
    "treinta",
    "treinta y uno",
];
