//! `[[staff]]`, `[[resources]]` and what single services ask for.

use toml::Spanned;

use super::business::week;
use super::check::{in_range, number, spoken};
use super::error::{ConfigError, Source};
use super::raw::{self, Given};
use crate::conversation::{Business, Resource, Rules, Staff};

/// What a service asks for; nothing is kept of one that asks for nothing.
pub(super) fn add_rules(source: &Source<'_>, business: &mut Business, raw: &raw::Service) -> Result<(), ConfigError> {
    let given = |key: &str, value: &Given<i64>, range| match value {
        Some(_) => number(source, key, value, 0, range).map(Some),
        None => Ok(None),
    };
    let rules = Rules {
        before_minutes: number(source, "buffer_before_minutes", &raw.buffer_before_minutes, 0, 0..=240)?,
        after_minutes: number(source, "buffer_after_minutes", &raw.buffer_after_minutes, 0, 0..=240)?,
        per_day: given("max_per_day", &raw.max_per_day, 1..=1_000)?,
        lead_minutes: given("lead_minutes", &raw.lead_minutes, 0..=43_200)?,
        horizon_days: given("horizon_days", &raw.horizon_days, 1..=730)?,
    };
    if rules != Rules::default() {
        business.capacity.rules.insert(raw.id.get_ref().clone(), rules);
    }
    Ok(())
}

/// People and things; their services have been read before.
pub(super) fn add_capacity(
    source: &Source<'_>,
    business: &mut Business,
    staff: &[raw::Staff],
    resources: &[raw::Resource],
) -> Result<(), ConfigError> {
    for raw in staff {
        let name = name(source, &raw.name, business.capacity.staff.iter().map(|one| &one.name))?;
        let services = services(source, business, &raw.services)?;
        let hours = raw.hours.as_ref().map(|_| week(source, &raw.hours, "[[staff]]", raw.name.span())).transpose()?;
        business.capacity.staff.push(Staff { name, services, hours });
    }
    for raw in resources {
        let name = name(source, &raw.name, business.capacity.resources.iter().map(|one| &one.name))?;
        let services = services(source, business, &raw.services)?;
        business.capacity.resources.push(Resource { name, services });
    }
    Ok(())
}

/// Minutes before an appointment.
pub(super) fn reminders(source: &Source<'_>, raw: &[Spanned<i64>]) -> Result<Vec<u32>, ConfigError> {
    raw.iter().map(|n| in_range(source, "reminder_minutes", n.span(), *n.get_ref(), 1..=40_320)).collect()
}

fn name<'a>(
    source: &Source<'_>,
    raw: &Spanned<String>,
    mut others: impl Iterator<Item = &'a String>,
) -> Result<String, ConfigError> {
    let name = spoken("name", raw.get_ref()).map_err(|what| source.at(raw.span(), what))?;
    match others.any(|other| other.eq_ignore_ascii_case(&name)) {
        true => Err(source.at(raw.span(), format!("two are called `{name}`; callers could not tell them apart"))),
        false => Ok(name),
    }
}

fn services(source: &Source<'_>, business: &Business, raw: &[Spanned<String>]) -> Result<Vec<String>, ConfigError> {
    let known: Vec<&str> = business.services.iter().map(|service| service.id.as_str()).collect();
    let one = |id: &Spanned<String>| match known.contains(&id.get_ref().as_str()) {
        true => Ok(id.get_ref().clone()),
        false => Err(source.at(id.span(), format!("no service `{}`; known: {}", id.get_ref(), known.join(", ")))),
    };
    raw.iter().map(one).collect()
}
