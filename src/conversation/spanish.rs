//! Spanish numbers and times of day: what is counted, not listed.

use super::spoken_es::{SMALL, TENS};
use super::translation::Heard;
use super::words::Token;

/// "martes" -> "tuesday".
pub(super) fn weekday(word: &str) -> Option<&'static str> {
    const DAYS: [(&str, &str); 7] = [
        ("lunes", "monday"),
        ("martes", "tuesday"),
        ("miercoles", "wednesday"),
        ("jueves", "thursday"),
        ("viernes", "friday"),
        ("sabado", "saturday"),
        ("domingo", "sunday"),
    ];
    let bare = if matches!(word, "sabados" | "domingos") { &word[..word.len() - 1] } else { word };
    DAYS.iter().find(|(name, _)| *name == bare).map(|(_, english)| *english)
}

/// "diciembre" -> "december".
pub(super) fn month(word: &str) -> Option<&'static str> {
    let at = MONTHS.iter().position(|(name, _)| *name == word || word == "setiembre" && *name == "septiembre")?;
    Some(MONTHS[at].1)
}

/// "el 5/12": the fifth of December, day first.
pub(super) fn date(day: u32, month: u32, year: Option<u32>) -> Vec<Token> {
    let (day, month) = if month > 12 && day <= 12 { (month, day) } else { (day, month) };
    let Some((_, name)) = month.checked_sub(1).and_then(|at| MONTHS.get(at as usize)) else {
        return vec![Token::Slash(day, month, year)];
    };
    let year = year.map(|y| Token::Digits((if y < 100 { y + 2000 } else { y }).to_string()));
    [Token::Word((*name).into()), Token::Digits(day.to_string())].into_iter().chain(year).collect()
}

/// A number below 10,000 at `at` and how many tokens it takes: "treinta y cinco", "seiscientos doce", "35".
pub(super) fn number(heard: &[Heard], at: usize) -> Option<(u32, usize)> {
    let (digits, taken) = digits(heard, at)?;
    (digits.len() <= 4).then(|| digits.parse().ok().map(|n| (n, taken))).flatten()
}

/// The same as it is written in digits, however many there are ("0612345678").
pub(super) fn digits(heard: &[Heard], at: usize) -> Option<(String, usize)> {
    if let Token::Digits(digits) = &heard.get(at)?.token {
        return Some((digits.clone(), 1));
    }
    let (low, taken) = below_thousand(heard, at)?;
    if low == 0 || word(heard, at + taken) != "mil" {
        return Some((low.to_string(), taken));
    }
    match below_thousand(heard, at + taken + 1).filter(|(n, _)| *n > 0) {
        Some((rest, more)) => Some(((low * 1000 + rest).to_string(), taken + 1 + more)),
        None => Some(((low * 1000).to_string(), taken + 1)),
    }
}

/// A day of the month as said: "tres", "primero", "3", "1º".
pub(super) fn nth(heard: &[Heard], at: usize) -> Option<(u32, usize)> {
    let found = match (&heard.get(at)?.token, word(heard, at)) {
        (Token::Ordinal(n), _) => Some((*n, 1)),
        (_, "primero") => Some((1, 1)),
        _ => number(heard, at),
    };
    // "Jueves, cuatro de la tarde" names no fourth, and "el tres cero cinco" begins a telephone number.
    let else_meant = |taken: usize| {
        clock(heard, at).is_some() || clock(heard, at + taken).is_none() && digits(heard, at + taken).is_some()
    };
    found.filter(|(n, taken)| (1..=31).contains(n) && !else_meant(*taken))
}

/// A time of day that is surely one: "a las dos y media de la tarde", "3 menos cuarto", "14:30", "cuarto para las dos".
pub(super) fn clock(heard: &[Heard], start: usize) -> Option<(Vec<Token>, usize)> {
    if let Some((minutes, taken)) = before_the_hour(heard, start)
        && let Some(at) = article(heard, start + taken)
        && let Some((hour, more)) = hour(heard, at)
    {
        return timed(heard, start, hour_before(hour), 60 - minutes, at + more - start);
    }
    let (at, led) = match article(heard, start) {
        Some(at) => (at, true),
        None => (start, false),
    };
    if let Some(Token::Clock(hour, minute)) = heard.get(at).map(|h| &h.token) {
        return timed(heard, start, *hour, *minute, at + 1 - start);
    }
    let (hour, taken) = hour(heard, at)?;
    let after = at + taken;
    match minutes(heard, after, led) {
        Some((minute, more)) if minute >= 0 => timed(heard, start, hour, minute.unsigned_abs(), after + more - start),
        Some((minute, more)) => {
            timed(heard, start, hour_before(hour), 60 - minute.unsigned_abs(), after + more - start)
        }
        None if led || alone(heard, after, hour) => timed(heard, start, hour, 0, after - start),
        None => None,
    }
}

/// "tres de la tarde", "ocho en punto", "14 horas": an hour without "las". "Una por la tarde" is an appointment.
fn alone(heard: &[Heard], after: usize, hour: u32) -> bool {
    let half = half_of_day(heard, after, hour).is_some() && !matches!(word(heard, after), "por" | "en");
    let sharp = word(heard, after) == "en" || hour > 12;
    half || sharp && self::sharp(heard, after) > 0
}

/// "de dos a cuatro": where only an hour can stand.
pub(super) fn bare_hour(heard: &[Heard], at: usize) -> Option<(Vec<Token>, usize)> {
    let (hour, taken) = hour(heard, at)?;
    timed(heard, at, hour, 0, taken)
}

/// The clock with what follows it: "en punto", "de la tarde", "horas", "y pico".
fn timed(heard: &[Heard], start: usize, hour: u32, minute: u32, taken: usize) -> Option<(Vec<Token>, usize)> {
    let taken = taken + sharp(heard, start + taken);
    let mut tokens = vec![Token::Clock(hour, minute)];
    let mut length = taken;
    if let Some((half, more)) = half_of_day(heard, start + taken, hour) {
        let midnight = half == "am" && hour == 12;
        tokens = vec![Token::Clock(if midnight { 0 } else { hour }, minute)];
        if hour <= 12 && !midnight {
            tokens.push(Token::Word(half.into()));
        }
        length += more;
    }
    Some((tokens, length + sharp(heard, start + length)))
}

/// "a las", "la", "las": where the hour begins.
fn article(heard: &[Heard], at: usize) -> Option<usize> {
    let a = usize::from(word(heard, at) == "a");
    let one_digit_on = at + a + 1;
    match word(heard, at + a) {
        "las" => Some(one_digit_on),
        "la" if hour(heard, one_digit_on).is_some_and(|(h, _)| matches!(h, 1 | 13)) => Some(one_digit_on),
        "la" if matches!(heard.get(one_digit_on).map(|h| &h.token), Some(Token::Clock(1 | 13, _))) => {
            Some(one_digit_on)
        }
        _ => None,
    }
}

fn hour(heard: &[Heard], at: usize) -> Option<(u32, usize)> {
    if word(heard, at) == "una" {
        return Some((1, 1));
    }
    let (n, taken) = number(heard, at)?;
    (n <= 23 && !heard[at].token.eq(&Token::Digits("00".into()))).then_some((n, taken))
}

/// Minutes after an hour: "y media", "y cuarto", "menos diez", "con quince", "quince"; negative before the hour.
fn minutes(heard: &[Heard], at: usize, led: bool) -> Option<(i32, usize)> {
    let quarter = |at: usize| match word(heard, at) {
        "media" | "medio" => Some((30, 1)),
        "cuarto" => Some((15, 1)),
        "un" if word(heard, at + 1) == "cuarto" => Some((15, 2)),
        _ => None,
    };
    let small = |at: usize| number(heard, at).filter(|(n, _)| (1..=59).contains(n)).map(|(n, t)| (n as i32, t));
    let units = |at: usize| usize::from(matches!(word(heard, at), "minutos" | "minuto"));
    match word(heard, at) {
        "y" | "con" => {
            let (minute, taken) = quarter(at + 1).or_else(|| small(at + 1).filter(|_| led))?;
            Some((minute, 1 + taken + units(at + 1 + taken)))
        }
        "menos" => {
            let (minute, taken) = quarter(at + 1).or_else(|| small(at + 1))?;
            Some((-minute, 1 + taken + units(at + 1 + taken)))
        }
        _ if led => {
            let two = matches!(heard.get(at).map(|h| &h.token), Some(Token::Digits(digits)) if digits.len() == 2);
            let said = small(at).filter(|(n, _)| two || *n >= 10)?;
            (!heard[at].after_pause && !names_a_day(heard, at + said.1)).then_some(said)
        }
        _ => None,
    }
}

/// "30 de noviembre" after an hour is a date.
fn names_a_day(heard: &[Heard], at: usize) -> bool {
    word(heard, at) == "de" && month(word(heard, at + 1)).is_some()
}

/// "cuarto para las tres", "diez para las cuatro", "faltan cinco para las dos": minutes still to go.
fn before_the_hour(heard: &[Heard], start: usize) -> Option<(u32, usize)> {
    let lead = match word(heard, start) {
        "a" | "al" => 1,
        _ => 0,
    };
    let at = start + lead;
    let (minutes, taken) = match word(heard, at) {
        "un" if word(heard, at + 1) == "cuarto" => (15, 2),
        "cuarto" => (15, 1),
        _ => number(heard, at).filter(|(n, _)| (1..=30).contains(n))?,
    };
    let end = at + taken + usize::from(word(heard, at + taken) == "minutos");
    let led = word(heard, end) == "para" && matches!(word(heard, end + 1), "las" | "la");
    led.then_some((minutes, end + 1 - start))
}

fn hour_before(hour: u32) -> u32 {
    match hour {
        1 => 12,
        0 => 23,
        later => later - 1,
    }
}

/// "de la tarde", "p. m.", "del mediodía": the half of the day and how many tokens it takes.
fn half_of_day(heard: &[Heard], at: usize, hour: u32) -> Option<(&'static str, usize)> {
    let of = |lead: usize, part: &str| match (part, hour) {
        // Noon is "las doce de la mañana" in Spain.
        ("manana", 12) => Some(("pm", lead)),
        ("manana" | "madrugada", _) => Some(("am", lead)),
        ("noche", 12 | 1..=4) => Some(("am", lead)),
        ("tarde" | "noche", _) => Some(("pm", lead)),
        ("mediodia" | "dia", 11 | 12 | 1..=3) => Some((if hour == 11 { "am" } else { "pm" }, lead)),
        _ => None,
    };
    match (word(heard, at), word(heard, at + 1), word(heard, at + 2)) {
        ("de" | "por" | "en", "la", part) => of(3, part),
        ("del", part, _) => of(2, part),
        ("p", "m", _) => Some(("pm", 2)),
        ("a", "m", _) => Some(("am", 2)),
        ("pm", ..) => Some(("pm", 1)),
        ("am", ..) => Some(("am", 1)),
        _ => None,
    }
}

/// "en punto", "horas", "y pico".
fn sharp(heard: &[Heard], at: usize) -> usize {
    match (word(heard, at), word(heard, at + 1)) {
        ("en", "punto") => 2,
        ("horas" | "h" | "hs" | "hrs", _) => 1,
        _ => 0,
    }
}

fn below_thousand(heard: &[Heard], at: usize) -> Option<(u32, usize)> {
    if let Some(hundreds) = HUNDREDS.iter().position(|h| *h == feminine_folded(word(heard, at))) {
        let hundreds = (hundreds as u32 + 1) * 100;
        return match below_hundred(heard, at + 1).filter(|(n, _)| *n > 0) {
            Some((rest, taken)) if word(heard, at) != "cien" => Some((hundreds + rest, 1 + taken)),
            _ => Some((hundreds, 1)),
        };
    }
    below_hundred(heard, at)
}

fn feminine_folded(word: &str) -> String {
    match word {
        "cien" => "ciento".into(),
        other => other.replace("cientas", "cientos"),
    }
}

fn below_hundred(heard: &[Heard], at: usize) -> Option<(u32, usize)> {
    let said = word(heard, at);
    if let Some(n) = SMALL.iter().position(|w| is(w, said)) {
        return Some((n as u32, 1));
    }
    if matches!(said, "veintiun" | "veintiuna") {
        return Some((21, 1));
    }
    let tens = (TENS.iter().position(|w| *w == said)? as u32 + 3) * 10;
    let unit = (word(heard, at + 1) == "y").then(|| SMALL[1..10].iter().position(|w| is(w, word(heard, at + 2))));
    match unit.flatten() {
        Some(unit) => Some((tens + unit as u32 + 1, 3)),
        None => Some((tens, 1)),
    }
}

/// Whether a heard word, which has lost its accents, is this one.
fn is(written: &str, heard: &str) -> bool {
    written.chars().map(unaccented).eq(heard.chars())
}

/// A letter without its accent.
pub(super) fn unaccented(c: char) -> char {
    match c {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'ñ' => 'n',
        other => other,
    }
}

fn word(heard: &[Heard], at: usize) -> &str {
    match heard.get(at).map(|h| &h.token) {
        Some(Token::Word(word)) => word,
        _ => "",
    }
}

const HUNDREDS: [&str; 9] = [
    "ciento",
    "doscientos",
    "trescientos",
    "cuatrocientos",
    "quinientos",
    "seiscientos",
    "setecientos",
    "ochocientos",
    "novecientos",
];

/// Theirs and the grammar's.
pub(super) const MONTHS: [(&str, &str); 12] = [
    ("enero", "january"),
    ("febrero", "february"),
    ("marzo", "march"),
    ("abril", "april"),
    ("mayo", "may"),
    ("junio", "june"),
    ("julio", "july"),
    ("agosto", "august"),
    ("septiembre", "september"),
    ("octubre", "october"),
    ("noviembre", "november"),
    ("diciembre", "december"),
];
