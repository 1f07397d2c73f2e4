//! From `[business]` and `[businesses.ID]` to what the conversation knows.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use toml::Spanned;

use super::capacity::{add_capacity, add_rules, reminders};
use super::check::{each, in_range, number, read, spoken, text};
use super::error::{ConfigError, Source};
use super::languages;
use super::policy;
use super::questions;
use super::raw::{self, Given};
use super::settings::Route;
use super::value;
use crate::conversation::{Business, Capacity, Faq, Service, Span, Verify};

/// Every business of the document, and which called number reaches it.
pub(super) fn all(
    source: &Source<'_>,
    document: &raw::Document,
) -> Result<(Vec<Arc<Business>>, Vec<Route>), ConfigError> {
    let mut found: Vec<(String, std::ops::Range<usize>, Business, &raw::Business)> = Vec::new();
    if let Some(raw) = &document.business {
        let id = match &raw.get_ref().id {
            Some(id) => key(source, id)?,
            None => ID.to_string(),
        };
        let mut business = one(source, &id, raw.get_ref(), "[business]", raw.span())?;
        add_services(source, &mut business, &document.services)?;
        add_capacity(source, &mut business, &document.staff, &document.resources)?;
        if !document.flows.is_empty() || document.escalation.is_some() {
            let own = raw.get_ref();
            if !own.flows.is_empty() || own.escalation.is_given() {
                return Err(source.at(raw.span(), "flows and escalation stand in [business] and beside it; keep one"));
            }
            let escalation = document.escalation.as_ref().map_or(&own.escalation, |e| e.get_ref());
            business.policy = Arc::new(policy::of(source, &document.flows, escalation)?);
        }
        add_faqs(source, &mut business, &document.faqs)?;
        let inner = raw.get_ref();
        questions::add(source, &mut business, document, inner)?;
        let (services, faqs) =
            (inner.services.iter().chain(&document.services), inner.faqs.iter().chain(&document.faqs));
        business.also = languages::also(source, &business, inner, services, faqs)?;
        found.push((id, raw.span(), business, raw.get_ref()));
    } else if let Some(at) = strays(document) {
        return Err(source.at(
            at,
            "[[services]], [[staff]], [[resources]] and [[faqs]] belong to [business]; write \
             [[businesses.ID.services]] for the others",
        ));
    }
    for (id, raw) in &document.businesses {
        if let Some(inner) = &raw.id {
            return Err(
                source.at(inner.span(), format!("remove this id: the section's name, `{}`, is the id", id.get_ref()))
            );
        }
        let name = key(source, id)?;
        if found.iter().any(|(other, ..)| *other == name) {
            return Err(source.at(id.span(), format!("two businesses have the id `{name}`; rename one")));
        }
        let mut business = one(source, &name, raw, &format!("[businesses.{name}]"), id.span())?;
        questions::add(source, &mut business, document, raw)?;
        business.also = languages::also(source, &business, raw, raw.services.iter(), raw.faqs.iter())?;
        found.push((name, id.span(), business, raw));
    }
    if found.is_empty() {
        return Err(source.at(0..0, "no business: add a [business] section (`offhook init` writes an example)"));
    }
    let routes = routes(source, &found, &document.numbers)?;
    Ok((found.into_iter().map(|(_, _, business, _)| Arc::new(business)).collect(), routes))
}

/// Something of a business without the business.
fn strays(document: &raw::Document) -> Option<std::ops::Range<usize>> {
    let service = document.services.first().map(|service| service.id.span());
    let staff = document.staff.first().map(|one| one.name.span());
    let resource = document.resources.first().map(|one| one.name.span());
    service.or(staff).or(resource).or_else(|| document.faqs.first().map(|faq| faq.answer.span()))
}

type Found<'a> = (String, std::ops::Range<usize>, Business, &'a raw::Business);

/// Every called number reaches one business, and at most one business answers the numbers nobody lists.
fn routes(source: &Source<'_>, found: &[Found<'_>], numbers: &[raw::Number]) -> Result<Vec<Route>, ConfigError> {
    let mut routes: Vec<Route> = Vec::new();
    for (id, _, _, raw) in found {
        for number in &raw.numbers {
            let called = number.get_ref().clone();
            if called.is_empty() || !called.chars().all(|c| c.is_ascii_graphic()) {
                return Err(
                    source.at(number.span(), "a number is the user part of the called address, like \"+12125550100\"")
                );
            }
            if routes.iter().any(|route| route.called == called) {
                return Err(
                    source.at(number.span(), format!("`{called}` is listed twice; each number reaches one business"))
                );
            }
            routes.push(Route { called, business: id.clone() });
        }
    }
    let numbered = |id: &String| numbers.iter().any(|one| one.business.as_ref().is_some_and(|b| b.get_ref() == id));
    let mut open = found.iter().filter(|(id, _, _, raw)| raw.numbers.is_empty() && !numbered(id));
    match (open.next(), open.next()) {
        (Some((first, ..)), Some((second, span, ..))) => Err(source.at(
            span.clone(),
            format!(
                "both `{first}` and `{second}` would answer any number; give all but one of them `numbers = [...]`"
            ),
        )),
        _ => Ok(routes),
    }
}

fn one(
    source: &Source<'_>,
    id: &str,
    raw: &raw::Business,
    section: &str,
    at: std::ops::Range<usize>,
) -> Result<Business, ConfigError> {
    let missing = |key: &str, example: &str| {
        source.at(at.clone(), format!("{section} has no {key}; add one, like {key} = \"{example}\""))
    };
    let mut business = Business {
        id: id.to_string(),
        name: text(source, "name", &raw.name)?.ok_or_else(|| missing("name", "Corner Bakery"))?,
        address: text(source, "address", &raw.address)?,
        timezone: read(source, &raw.timezone, |text| zone(text))?
            .ok_or_else(|| missing("timezone", "Europe/Madrid"))?,
        language: match languages::listed(source, raw)?.first() {
            Some(first) => first.tag().into(),
            None => read(source, &raw.language, |text| language(text))?.unwrap_or_else(|| LANGUAGE.into()),
        },
        country: read(source, &raw.country, |text| country(text))?.ok_or_else(|| missing("country", "US"))?,
        hours: week(source, &raw.hours, section, at.clone())?,
        closures: Vec::new(),
        services: Vec::new(),
        faqs: Vec::new(),
        lead_minutes: number(source, "lead_minutes", &raw.lead_minutes, LEAD_MINUTES, 0..=43_200)?,
        horizon_days: number(source, "horizon_days", &raw.horizon_days, HORIZON_DAYS, 1..=730)?,
        slot_minutes: number(source, "slot_minutes", &raw.slot_minutes, SLOT_MINUTES, 5..=240)?,
        greet_by_name: raw.greet_by_name.unwrap_or(true),
        emergency: text(source, "emergency", &raw.emergency)?,
        capacity: Capacity {
            reminders: reminders(source, &raw.reminder_minutes)?,
            speak_confirmation: raw.speak_confirmation.unwrap_or(false),
            ..Capacity::default()
        },
        verify: read(source, &raw.verify, |text| verify(text))?.unwrap_or_default(),
        policy: Arc::new(policy::of(source, &raw.flows, &raw.escalation)?),
        also: Vec::new(),
    };
    for closure in &raw.closures {
        business.closures.push(value::date(closure.get_ref()).map_err(|what| source.at(closure.span(), what))?);
    }
    add_services(source, &mut business, &raw.services)?;
    add_capacity(source, &mut business, &raw.staff, &raw.resources)?;
    add_faqs(source, &mut business, &raw.faqs)?;
    Ok(business)
}

/// Opening hours, or those of one person.
pub(super) fn week(
    source: &Source<'_>,
    raw: &Given<raw::Hours>,
    section: &str,
    at: std::ops::Range<usize>,
) -> Result<[Vec<Span>; 7], ConfigError> {
    let example = "add days, like mon = \"9:00-17:00\" or mon = [\"9:00-12:00\", \"13:00-17:00\"]";
    let Some(hours) = raw else {
        let inner = section.trim_matches(['[', ']']);
        return Err(source.at(at, format!("{section} has no opening hours; add [{inner}.hours] and {example}")));
    };
    let days = hours.get_ref();
    let days = [&days.mon, &days.tue, &days.wed, &days.thu, &days.fri, &days.sat, &days.sun];
    let mut week: [Vec<Span>; 7] = Default::default();
    for (open, day) in week.iter_mut().zip(days) {
        *open = read(source, day, spans)?.unwrap_or_default();
    }
    if week.iter().all(Vec::is_empty) {
        return Err(source.at(hours.span(), format!("never open; {example}")));
    }
    Ok(week)
}

/// One day: a span, a list of spans, or an empty list.
fn spans(value: &toml::Value) -> Result<Vec<Span>, String> {
    let texts = match value {
        toml::Value::Array(items) => items.iter().collect(),
        single => vec![single],
    };
    let mut spans = Vec::new();
    for text in texts {
        let text = text.as_str().ok_or_else(|| format!("`{text}` is not a span; write \"9:00-17:00\", in quotes"))?;
        spans.push(value::span(text)?);
    }
    spans.sort_by_key(|span| span.from);
    match spans.windows(2).any(|pair| pair[0].to > pair[1].from) {
        true => Err("two spans of this day overlap; join them or move one".into()),
        false => Ok(spans),
    }
}

fn add_services(source: &Source<'_>, business: &mut Business, raw: &[raw::Service]) -> Result<(), ConfigError> {
    let mut words: BTreeSet<String> = business.services.iter().flat_map(words_of).collect();
    for raw in raw {
        let id = key(source, &raw.id)?;
        if business.services.iter().any(|other| other.id == id) {
            return Err(source.at(raw.id.span(), format!("two services have the id `{id}`; rename one")));
        }
        let name = text(source, "name", &raw.name)?.unwrap_or_else(|| id.replace(['_', '-'], " "));
        let aliases = each(source, &raw.aliases, |alias| spoken("alias", alias))?;
        let minutes = in_range(source, "minutes", raw.minutes.span(), *raw.minutes.get_ref(), 5..=720)?;
        let service = Service { id, name, aliases, minutes };
        // Within one service a word may repeat; between two it would send callers to the wrong one.
        let own: BTreeSet<String> = words_of(&service).collect();
        if let Some(word) = own.iter().find(|word| words.contains(*word)) {
            let at = raw.name.as_ref().map_or_else(|| raw.id.span(), Spanned::span);
            let message = format!("`{word}` already names another service; callers could not tell them apart");
            return Err(source.at(at, message));
        }
        words.extend(own);
        add_rules(source, business, raw)?;
        business.services.push(service);
    }
    Ok(())
}

pub(super) fn words_of(service: &Service) -> impl Iterator<Item = String> {
    std::iter::once(&service.name)
        .chain(&service.aliases)
        .map(|word| word.to_lowercase())
        .collect::<Vec<_>>()
        .into_iter()
}

fn add_faqs(source: &Source<'_>, business: &mut Business, raw: &[raw::Faq]) -> Result<(), ConfigError> {
    for raw in raw {
        let questions: Result<Vec<_>, _> =
            raw.questions.get_ref().iter().map(|text| spoken("question", text)).collect();
        let questions = questions.map_err(|what| source.at(raw.questions.span(), what))?;
        if questions.is_empty() {
            return Err(source.at(raw.questions.span(), "no question; write at least one, as a caller would ask it"));
        }
        let answer = spoken("answer", raw.answer.get_ref()).map_err(|what| source.at(raw.answer.span(), what))?;
        business.faqs.push(Faq { questions, answer });
    }
    Ok(())
}

/// An id: stored in rows and written in URLs.
fn key(source: &Source<'_>, id: &Spanned<String>) -> Result<String, ConfigError> {
    let text = id.get_ref();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    match (1..=ID_CHARS_MAX).contains(&text.len()) && text.chars().all(plain) {
        true => Ok(text.clone()),
        false => Err(source.at(
            id.span(),
            format!("`{text}` is not an id; use 1 to {ID_CHARS_MAX} of a-z, 0-9, _ and -, like \"first_visit\""),
        )),
    }
}

fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| format!("no time zone `{text}`; write an IANA name, like \"America/New_York\""))
}

fn language(text: &str) -> Result<String, String> {
    let mut parts = text.split('-');
    let main = parts.next().unwrap_or_default();
    let good = matches!(main.len(), 2..=3)
        && main.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| matches!(part.len(), 2..=8) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    match good {
        true => Ok(text.to_string()),
        false => Err(format!("`{text}` is not a language tag; write it like \"en\" or \"es\"")),
    }
}

fn verify(text: &str) -> Result<Verify, String> {
    match text {
        "caller_id" => Ok(Verify::CallerId),
        "number" => Ok(Verify::Number),
        "birth_date" => Ok(Verify::BirthDate),
        "zip" => Ok(Verify::Zip),
        "reference" => Ok(Verify::Reference),
        _ => Err(format!("no check `{text}`; known: caller_id, number, birth_date, zip, reference")),
    }
}

fn country(text: &str) -> Result<String, String> {
    match text.parse::<phonenumber::country::Id>() {
        Ok(_) if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(text.to_string()),
        _ => Err(format!("no country `{text}`; write its two capital letters, like \"US\" or \"ES\"")),
    }
}

/// Id of `[business]` when it gives none.
const ID: &str = "main";
const ID_CHARS_MAX: usize = 40;
const LANGUAGE: &str = "en";
/// Nobody can prepare for a visit in less than this.
const LEAD_MINUTES: u32 = 60;
const HORIZON_DAYS: u32 = 60;
const SLOT_MINUTES: u32 = 30;
