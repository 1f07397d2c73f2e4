//! `[[numbers]]` and `[sip.slots]`: what the number that was dialled, and the headers of a call, say of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;

use super::check::{read, text};
use super::error::{ConfigError, Source};
use super::raw;
use super::settings::Route;
use crate::conversation::{Business, Kind};
use crate::sip::{self, HeaderSlot};

/// A number calls come in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberConfig {
    /// As it is dialled; compared in E.164 where it is a telephone number.
    pub called: String,
    /// Id of the business that answers it.
    pub business: String,
    /// The flow its calls begin in; none: they are asked what they want.
    pub flow: Option<Kind>,
    /// The place it belongs to.
    pub location: Option<String>,
    /// The campaign it is printed in.
    pub campaign: Option<String>,
    /// What brings callers to it.
    pub lead_source: Option<String>,
}

/// Checks every number.
pub(super) fn numbers(
    source: &Source<'_>,
    raw: &[raw::Number],
    businesses: &[Arc<Business>],
    routes: &[Route],
) -> Result<Vec<NumberConfig>, ConfigError> {
    let mut all: Vec<NumberConfig> = Vec::new();
    for one in raw {
        let called = one.number.get_ref().trim().to_owned();
        if called.is_empty() || !called.chars().all(|c| c.is_ascii_graphic()) {
            let message = "a number is the user part of the called address, like \"+12125550100\"";
            return Err(source.at(one.number.span(), message));
        }
        if all.iter().any(|other| other.called == called) {
            return Err(source.at(one.number.span(), format!("`{called}` is listed twice; keep one")));
        }
        let listed = routes.iter().find(|route| route.called == called).map(|route| route.business.as_str());
        let business = business(source, one, &called, businesses, listed)?;
        all.push(NumberConfig {
            business,
            flow: read(source, &one.flow, |name| flow(name))?,
            location: text(source, "location", &one.location)?,
            campaign: text(source, "campaign", &one.campaign)?,
            lead_source: text(source, "lead_source", &one.lead_source)?,
            called,
        });
    }
    Ok(all)
}

fn business(
    source: &Source<'_>,
    raw: &raw::Number,
    called: &str,
    businesses: &[Arc<Business>],
    listed: Option<&str>,
) -> Result<String, ConfigError> {
    let ids = || businesses.iter().map(|business| business.id.as_str()).collect::<Vec<_>>().join(", ");
    match (&raw.business, businesses, listed) {
        (Some(id), ..) if businesses.iter().all(|business| business.id != *id.get_ref()) => {
            Err(source.at(id.span(), format!("no business has the id `{}`; there is {}", id.get_ref(), ids())))
        }
        (Some(id), _, Some(other)) if id.get_ref() != other => {
            let message = format!("`{called}` is one of the numbers of business `{other}`; remove it there or here");
            Err(source.at(id.span(), message))
        }
        (Some(id), ..) => Ok(id.get_ref().clone()),
        (None, _, Some(other)) => Ok(other.to_owned()),
        (None, [only], None) => Ok(only.id.clone()),
        (None, ..) => {
            let message = format!("whose number is `{called}`? Add business = \"ID\" of one of {}", ids());
            Err(source.at(raw.number.span(), message))
        }
    }
}

fn flow(name: &str) -> Result<Kind, String> {
    let known: Vec<&str> = Kind::OPENING.iter().map(|kind| kind.as_str()).collect();
    Kind::opening(name).ok_or_else(|| format!("no call begins with `{name}`; known are {}", known.join(", ")))
}

/// Checks `[sip.slots]`.
pub(super) fn slots(
    source: &Source<'_>,
    raw: &BTreeMap<Spanned<String>, Spanned<String>>,
) -> Result<Vec<HeaderSlot>, ConfigError> {
    let mut all = Vec::new();
    for (name, value) in raw {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let key = name.get_ref();
        if !(1..=NAME_CHARS_MAX).contains(&key.len()) || !key.chars().all(plain) {
            let message = format!("`{key}` is no name for a slot; use 1 to {NAME_CHARS_MAX} of a-z, 0-9 and _");
            return Err(source.at(name.span(), message));
        }
        if all.len() >= SLOTS_MAX {
            return Err(source.at(name.span(), format!("more than {SLOTS_MAX} slots; remove some")));
        }
        let (header, parameter) = match value.get_ref().split_once(';') {
            Some((header, parameter)) => (header.trim(), Some(parameter.trim().to_owned())),
            None => (value.get_ref().trim(), None),
        };
        if !sip::is_told(header) || parameter.as_deref() == Some("") {
            let message = format!(
                "`{}` cannot be a slot; name an X- header, Diversion, History-Info, User-to-User, P-Asserted-Identity \
                 or P-Called-Party-ID, with one of its parameters if you like, as in \"Diversion;reason\"",
                value.get_ref()
            );
            return Err(source.at(value.span(), message));
        }
        all.push(HeaderSlot { name: key.clone(), header: header.to_owned(), parameter });
    }
    Ok(all)
}

/// Longest name of a slot.
const NAME_CHARS_MAX: usize = 40;
/// Each is kept with every call.
const SLOTS_MAX: usize = 32;
