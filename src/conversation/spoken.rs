//! Dates, times, hours and lists as they are read out in a language, and the small phrases around them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::business::Business;
use super::language::Language;
use super::prompts::fill;
use super::{spoken_en, spoken_es};

static PHRASES: LazyLock<BTreeMap<String, BTreeMap<String, String>>> =
    LazyLock::new(|| toml::from_str(include_str!("phrases.toml")).expect("embedded file, read by a test"));

impl Language {
    /// "2:30 PM", "las dos y media de la tarde".
    pub(super) fn time(self, time: Time) -> String {
        match self {
            Self::English => spoken_en::time(time),
            Self::Spanish => spoken_es::time(time),
        }
    }

    /// "Tuesday, November 24th", "el martes 24 de noviembre".
    pub(super) fn date(self, date: Date) -> String {
        match self {
            Self::English => spoken_en::date(date),
            Self::Spanish => spoken_es::date(date),
        }
    }

    /// "a cleaning", "una limpieza".
    pub(super) fn with_article(self, service: &str) -> String {
        match self {
            Self::English => spoken_en::with_article(service),
            Self::Spanish => spoken_es::with_article(service),
        }
    }

    /// "Tuesday, November 24th at 2:30 PM".
    pub(super) fn moment(self, at: Timestamp, zone: &TimeZone) -> String {
        let local = at.to_zoned(zone.clone());
        self.phrase("moment", &[("date", &self.date(local.date())), ("time", &self.time(local.time()))])
    }

    /// A small phrase of the file, filled in.
    pub(super) fn phrase(self, key: &str, values: &[(&str, &str)]) -> String {
        PHRASES.get(self.tag()).and_then(|all| all.get(key)).map(|text| fill(text, values)).unwrap_or_default()
    }

    /// "a, b or c".
    pub(super) fn either<S: AsRef<str>>(self, items: &[S]) -> String {
        self.joined(items, "or", "or_vowel")
    }

    /// "a, b and c".
    pub(super) fn all_of<S: AsRef<str>>(self, items: &[S]) -> String {
        self.joined(items, "and", "and_vowel")
    }

    /// The joining word changes before its own sound: "siete u ocho", "padre e hijo".
    fn joined<S: AsRef<str>>(self, items: &[S], word: &str, before_own_sound: &str) -> String {
        let last = items.last().map(|l| l.as_ref().to_lowercase()).unwrap_or_default();
        let sounds = self.phrase(&format!("{word}_sounds"), &[]);
        let same = sounds.split_whitespace().any(|sound| last.starts_with(sound));
        let joining = self.phrase(if same { before_own_sound } else { word }, &[]);
        match items {
            [] => String::new(),
            [one] => one.as_ref().to_string(),
            [start @ .., last] => {
                let start: Vec<&str> = start.iter().map(AsRef::as_ref).collect();
                format!("{} {joining} {}", start.join(", "), last.as_ref())
            }
        }
    }

    fn weekdays(self) -> [&'static str; 7] {
        match self {
            Self::English => spoken_en::DAYS,
            Self::Spanish => spoken_es::DAYS,
        }
    }
}

/// "We're open Monday to Friday, 9 AM to 5 PM."
pub(super) fn hours(business: &Business) -> String {
    let language = business.language();
    let names = language.weekdays();
    let mut parts = Vec::new();
    let mut day = 0;
    while day < 7 {
        let last = (day..7).take_while(|d| business.hours[*d] == business.hours[day]).last().unwrap_or(day);
        if !business.hours[day].is_empty() {
            let key = match last - day {
                0 => "one_day",
                1 => "two_days",
                _ => "more_days",
            };
            let days = language.phrase(key, &[("first", names[day]), ("last", names[last])]);
            parts.push(format!("{days}, {}", spans(business, day)));
        }
        day = last + 1;
    }
    match parts.is_empty() {
        true => language.phrase("closed_now", &[]),
        false => language.phrase("open_on", &[("hours", &parts.join("; "))]),
    }
}

/// "On Saturday, November 28th we're closed.", "... we're open 9 AM to 5 PM."
pub(super) fn hours_on(business: &Business, day: Date) -> String {
    let (language, weekday) = (business.language(), day.weekday().to_monday_zero_offset() as usize);
    let date = language.date(day);
    if business.closures.contains(&day) || business.hours[weekday].is_empty() {
        return language.phrase("day_closed", &[("date", &date)]);
    }
    language.phrase("day_open", &[("date", &date), ("hours", &spans(business, weekday))])
}

fn spans(business: &Business, weekday: usize) -> String {
    let language = business.language();
    let span =
        |from: Time, to: Time| language.phrase("span", &[("from", &language.time(from)), ("to", &language.time(to))]);
    let spans: Vec<String> = business.hours[weekday].iter().map(|s| span(s.from, s.to)).collect();
    spans.join(&format!(" {} ", language.phrase("and", &[])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_the_same_phrases() {
        let keys = |language: Language| PHRASES[language.tag()].keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(Language::English), keys(Language::Spanish));
        assert_eq!(Language::Spanish.either(&["siete", "ocho"]), "siete u ocho");
        assert_eq!(Language::Spanish.all_of(&["limpieza", "inspección"]), "limpieza e inspección");
        assert_eq!(Language::English.either(&["a", "b", "c"]), "a, b or c");
    }
}
