//! `[[escalation.duty]]`: who is on duty, and how callers are put through to them.

use std::time::Duration;

use super::business::week;
use super::check::{each, number, read, spoken};
use super::error::{ConfigError, Source};
use super::raw;
use super::trunks::TrunkConfig;
use crate::conversation::{Duty, Mode, Reach};

/// Somebody on duty.
pub(super) fn duty(source: &Source<'_>, raw: &raw::Duty) -> Result<Duty, ConfigError> {
    let name = spoken("name", raw.name.get_ref()).map_err(|what| source.at(raw.name.span(), what))?;
    let dialled = read(source, &raw.number, |text| digits(text))?;
    let uri = read(source, &raw.uri, |text| address(text))?;
    let called = uri.clone().or(dialled).ok_or_else(|| {
        source.at(raw.name.span(), format!("{name} has no number; add number = \"+12125550100\" or uri = \"sip:...\""))
    })?;
    let hours = match &raw.hours {
        Some(_) => Some(week(source, &raw.hours, "[escalation.duty]", raw.name.span())?),
        None => None,
    };
    let answers_for = each(source, &raw.answers_for, |text| spoken("answers_for", text))?;
    let reach = reach(source, raw, uri.is_some())?;
    Ok(Duty { name, number: called, hours, answers_for, reach })
}

fn reach(source: &Source<'_>, raw: &raw::Duty, has_uri: bool) -> Result<Option<Reach>, ConfigError> {
    let mode = read(source, &raw.transfer, |text| match text.as_str() {
        "bridged" => Ok(Mode::Bridged),
        "blind" => Ok(Mode::Blind),
        "attended" => Ok(Mode::Attended),
        other => Err(format!("no transfer `{other}`; known are bridged, blind and attended")),
    })?;
    let ring = number(source, "ring_seconds", &raw.ring_seconds, RING_S, RING_S_MIN..=RING_S_MAX)?;
    if mode.is_none() && raw.trunk.is_none() && !has_uri {
        return Ok(None);
    }
    if raw.trunk.is_none() && !has_uri {
        return Err(source.at(
            raw.name.span(),
            "callers are put through to a number by a trunk; add trunk = \"NAME\" of one of [[trunks]], or a uri",
        ));
    }
    let trunk = raw.trunk.as_ref().map(|trunk| trunk.get_ref().clone());
    let mode = mode.unwrap_or(Mode::Bridged);
    let keys = read(source, &raw.keys, |text| keys(text))?.unwrap_or_default();
    if mode == Mode::Blind && !keys.is_empty() {
        return Err(
            source.at(raw.name.span(), "with transfer = \"blind\" the caller's side calls, and presses no keys")
        );
    }
    Ok(Some(Reach { mode, trunk, ring: Duration::from_secs(ring), keys }))
}

/// Every trunk somebody is called through is one there is.
pub(super) fn check(source: &Source<'_>, document: &raw::Document, trunks: &[TrunkConfig]) -> Result<(), ConfigError> {
    let beside = document.escalation.iter().flat_map(|escalation| &escalation.get_ref().duty);
    let inside = document.business.iter().flat_map(|business| &business.get_ref().escalation.duty);
    let others = document.businesses.values().flat_map(|business| &business.escalation.duty);
    let named = beside.chain(inside).chain(others).filter_map(|duty| duty.trunk.as_ref());
    for trunk in named {
        if !trunks.iter().any(|known| known.name == *trunk.get_ref()) {
            let known: Vec<&str> = trunks.iter().map(|known| known.name.as_str()).collect();
            let known =
                if known.is_empty() { "there is none yet".into() } else { format!("there is {}", known.join(", ")) };
            let what = format!("no trunk is named `{}`; name one of [[trunks]]: {known}", trunk.get_ref());
            return Err(source.at(trunk.span(), what));
        }
        let callable = trunks.iter().any(|known| known.name == *trunk.get_ref() && known.host.is_some());
        if !callable {
            let what = format!("trunk `{}` takes no calls of ours; add proxy = \"HOST\" to it", trunk.get_ref());
            return Err(source.at(trunk.span(), what));
        }
    }
    Ok(())
}

/// Digits, `*`, `#` and commas.
fn keys(text: &str) -> Result<String, String> {
    match text.len() <= KEYS_MAX && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '*' | '#' | ',')) {
        true => Ok(text.to_owned()),
        false => Err(format!("keys are at most {KEYS_MAX} of 0-9, *, # and commas (two seconds each), not `{text}`")),
    }
}

fn digits(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('+').unwrap_or(text);
    match !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("a number is digits, like \"+12125550100\"".into()),
    }
}

fn address(text: &str) -> Result<String, String> {
    let uri = text.parse::<crate::sip::Uri>().ok();
    match uri.is_some_and(|uri| uri.scheme() == "sip" && uri.user().is_some() && !uri.has_headers()) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no SIP address; write it like \"sip:maria@192.0.2.7\"")),
    }
}

/// How long somebody's phone rings: four or five rings, as before voice mail takes over.
const RING_S: u32 = 20;
const RING_S_MIN: i64 = 3;
const RING_S_MAX: i64 = 120;
/// An extension behind a menu or two.
const KEYS_MAX: usize = 32;
