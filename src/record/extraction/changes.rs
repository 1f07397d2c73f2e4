//! What the CRM could be told, and the days people speak of.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::emails::email;
use super::extract::Reading;
use super::numbers::numbers;
use super::schema::{Change, Citation, Claim, Extraction, Mode};
use super::sentences::Sentence;
use super::setting::ConversationKind;
use crate::conversation::days_said;

/// Proposed changes; what is already a free-text finding is proposed as text to append.
pub(super) fn changes(reading: &Reading, found: &Extraction) -> Vec<Claim<Change>> {
    let mut changes: Vec<Claim<Change>> = email_said(reading).into_iter().collect();
    if reading.setting.kind == ConversationKind::Meeting {
        changes.extend(amount(reading));
        changes.extend(close_date(reading));
        changes.extend(appended(found));
    }
    changes
}

fn change(object: &str, field: &str, mode: Mode, value: String, sure: f32, cited: Vec<Citation>) -> Claim<Change> {
    Claim::new(Change { object: object.to_owned(), field: field.to_owned(), mode, value }, sure, cited)
}

fn email_said(reading: &Reading) -> Option<Claim<Change>> {
    let (sentence, (address, words)) = reading.theirs().find_map(|s| Some((s, email(s)?)))?;
    Some(change("contact", "email", Mode::Set, address, SAID, vec![sentence.cite_words(words)]))
}

/// Money the other side has or agreed to; the last word counts.
fn amount(reading: &Reading) -> Option<Claim<Change>> {
    let said = reading.theirs().filter_map(|s| {
        let at = reading.lexicon.meant("budget", s)?;
        let supposed = reading.lexicon.supposes(s);
        let bargains = reading.lexicon.has("bargains", s);
        let all = numbers(&s.words).into_iter().filter(|(n, _)| *n >= AMOUNT_MIN);
        let (amount, _) = all.min_by_key(|(_, place)| place.abs_diff(at.end))?;
        let sure = if supposed { SUPPOSED } else { SAID };
        (!s.question && (!supposed || bargains)).then_some((amount, sure, s))
    });
    let (amount, sure, sentence) = said.last()?;
    Some(change("deal", "amount", Mode::Set, format!("{amount:.0}"), sure, vec![sentence.cite()]))
}

/// The day the other side signs or decides by.
fn close_date(reading: &Reading) -> Option<Claim<Change>> {
    let said = reading.theirs().filter(|s| !s.question && reading.lexicon.meant("closes", s).is_some());
    let (day, sentence) = said.filter_map(|s| Some((days(reading, s)?, s))).last()?;
    let sure = if reading.lexicon.supposes(sentence) { SUPPOSED } else { SAID };
    Some(change("deal", "close_date", Mode::Set, day.to_string(), sure, vec![sentence.cite()]))
}

fn appended(found: &Extraction) -> impl Iterator<Item = Claim<Change>> + '_ {
    let text = |field: &'static str, value: String, sure: f32, cited: &[Citation]| {
        change("deal", field, Mode::Append, value, sure, cited.to_vec())
    };
    let steps = found.next_steps.iter().map(move |c| text("next_step", c.value.clone(), c.confidence, &c.citations));
    let objections = found.objections.iter().map(move |c| {
        text("objections", format!("{}: {}", c.value.category, c.value.words), c.confidence, &c.citations)
    });
    let people = found.stakeholders.iter().map(move |c| {
        let role = c.value.role.as_ref().map(|r| format!(", {r}")).unwrap_or_default();
        text("stakeholders", format!("{}{role}", c.value.name), c.confidence, &c.citations)
    });
    steps.chain(objections).chain(people)
}

/// The last day of what a sentence says about days: "by Friday", "by the end of May", "next week".
pub(super) fn days(reading: &Reading, sentence: &Sentence) -> Option<Date> {
    let today = reading.setting.day;
    let plain: Vec<&str> = sentence.words.iter().map(|w| w.plain.as_str()).collect();
    if let Some(day) = ending(&plain, today) {
        return Some(day);
    }
    let (_, last) = days_said(sentence.text, today, reading.setting.language)?;
    // "On Tuesday", said on a Tuesday, is the next one.
    let same = WEEKDAYS[usize::from(today.weekday().to_monday_zero_offset().unsigned_abs())];
    if last == today && plain.iter().any(|w| same.contains(w)) && !plain.contains(&"today") && !plain.contains(&"hoy") {
        return today.checked_add(7.days()).ok();
    }
    let weekend = matches!(last.weekday(), Weekday::Saturday | Weekday::Sunday);
    let named = plain.iter().any(|w| matches!(*w, "saturday" | "sunday" | "weekend" | "sabado" | "domingo"));
    // A week that is spoken of ends on its last working day.
    let back = i64::from(last.weekday().to_monday_zero_offset()) - 4;
    if weekend && !named && plain.contains(&"week") { last.checked_sub(back.days()).ok() } else { Some(last) }
}

/// "The end of the month", "end of May".
fn ending(plain: &[&str], today: Date) -> Option<Date> {
    let at = plain.windows(2).position(|w| w == ["end", "of"])? + 2;
    let rest: Vec<&str> = plain[at..].iter().copied().filter(|w| !matches!(*w, "the" | "this")).take(1).collect();
    let month = match *rest.first()? {
        "month" => today.month(),
        "quarter" => (today.month() - 1) / 3 * 3 + 3,
        "year" => 12,
        name => MONTHS.iter().position(|m| *m == name).and_then(|n| i8::try_from(n + 1).ok())?,
    };
    let year = if month < today.month() { today.year() + 1 } else { today.year() };
    Some(Date::new(year, month, 1).ok()?.last_of_month())
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// Monday first, in the languages spoken.
const WEEKDAYS: [[&str; 2]; 7] = [
    ["monday", "lunes"],
    ["tuesday", "martes"],
    ["wednesday", "miercoles"],
    ["thursday", "jueves"],
    ["friday", "viernes"],
    ["saturday", "sabado"],
    ["sunday", "domingo"],
];
/// Smaller numbers are no deal.
const AMOUNT_MIN: f64 = 500.0;
/// Confidence in what was said plainly.
const SAID: f32 = 0.8;
/// Confidence in what was said with an "if".
const SUPPOSED: f32 = 0.55;
