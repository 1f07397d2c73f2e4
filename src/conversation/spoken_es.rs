//! Dates and times as they are read out in Spanish: in words, so that every voice says them right.

use jiff::civil::{Date, Time};

use super::spanish::MONTHS;

/// "las dos y media de la tarde", "la una de la tarde", "las doce del mediodía".
pub(super) fn time(time: Time) -> String {
    let hour = HOURS[usize::from(time.hour().unsigned_abs()) % 12];
    let article = if hour == "una" { "la" } else { "las" };
    let minutes = match time.minute() {
        0 => String::new(),
        15 => " y cuarto".into(),
        30 => " y media".into(),
        minute => format!(" y {}", number(minute.unsigned_abs())),
    };
    let part = match time.hour() {
        1..=5 => "de la madrugada",
        6..=11 => "de la mañana",
        12 => "del mediodía",
        13..=19 => "de la tarde",
        _ => "de la noche",
    };
    format!("{article} {hour}{minutes} {part}")
}

/// "el martes 3 de diciembre".
pub(super) fn date(date: Date) -> String {
    let weekday = DAYS[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())];
    format!("el {weekday} {} de {}", date.day(), MONTHS[usize::from(date.month().unsigned_abs()) - 1].0)
}

/// "una limpieza", "un cambio de aceite".
pub(super) fn with_article(service: &str) -> String {
    let first = service.split(' ').next().unwrap_or_default().to_lowercase();
    let feminine = ["a", "ción", "sión", "xión", "dad", "tad", "tud", "ez"].iter().any(|end| first.ends_with(end));
    let article = if feminine && !MASCULINE.contains(&first.as_str()) { "una" } else { "un" };
    format!("{article} {service}")
}

/// 1..=59 in words.
fn number(n: u8) -> String {
    match n {
        0..=29 => SMALL[usize::from(n)].into(),
        _ if n.is_multiple_of(10) => TENS[usize::from(n / 10) - 3].into(),
        _ => format!("{} y {}", TENS[usize::from(n / 10) - 3], SMALL[usize::from(n % 10)]),
    }
}

/// Monday first.
pub(super) const DAYS: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];

const HOURS: [&str; 12] =
    ["doce", "una", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once"];

/// Below thirty.
pub(super) const SMALL: [&str; 30] = [
    "cero",
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
];

/// From thirty on.
pub(super) const TENS: [&str; 7] = ["treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"];

/// End in -a all the same.
const MASCULINE: [&str; 5] = ["día", "programa", "sistema", "problema", "masaje"];

#[cfg(test)]
mod tests {
    use jiff::civil::{date as day, time as clock};

    use super::*;

    #[test]
    fn times_dates_and_articles_are_grammatical() {
        assert_eq!(time(clock(13, 0, 0, 0)), "la una de la tarde");
        assert_eq!(time(clock(14, 30, 0, 0)), "las dos y media de la tarde");
        assert_eq!(time(clock(9, 45, 0, 0)), "las nueve y cuarenta y cinco de la mañana");
        assert_eq!(time(clock(12, 0, 0, 0)), "las doce del mediodía");
        assert_eq!(date(day(2024, 12, 3)), "el martes 3 de diciembre");
        assert_eq!(with_article("limpieza dental"), "una limpieza dental");
        assert_eq!(with_article("revisión"), "una revisión");
        assert_eq!(with_article("cambio de aceite"), "un cambio de aceite");
    }
}
