//! `[crm_policy]`: who may write what into the CRM, and when.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use toml::Spanned;

use super::check::{number, read, spoken, text};
use super::error::{ConfigError, Source};
use super::raw::{self, Given};
use super::settings::CrmPolicyConfig;
use crate::outbox::Pace;
use crate::record::{Permit, Policy};

/// Checks the section; what is not said is as in the matrix of the first day.
pub(super) fn crm_policy(source: &Source<'_>, raw: &raw::CrmPolicy) -> Result<CrmPolicyConfig, ConfigError> {
    let first = Policy::default();
    let mut rules = first.rules.clone();
    for (at, permit) in &raw.rules {
        rules.insert(place(source, at)?, permitted(source, permit)?);
    }
    let stages =
        raw.stages.iter().map(|stage| spoken("stages", stage.get_ref()).map_err(|m| source.at(stage.span(), m)));
    let stages = stages.collect::<Result<Vec<_>, _>>()?;
    for stage in raw.stage_needs.keys() {
        if !stages.contains(stage.get_ref()) {
            return Err(source.at(stage.span(), format!("`{}` is none of stages", stage.get_ref())));
        }
    }
    let allowed = raw.allowed.iter().map(|(at, values)| Ok((place(source, at)?, values.clone())));
    let customized = raw != &raw::CrmPolicy::default();
    let default_version = if customized { "custom" } else { first.version.as_str() };
    Ok(CrmPolicyConfig {
        policy: Policy {
            version: text(source, "version", &raw.version)?.unwrap_or_else(|| default_version.to_owned()),
            phase: number(source, "phase", &raw.phase, u32::from(first.phase), 1..=3)?,
            meeting_phase: number(source, "meeting_phase", &raw.meeting_phase, u32::from(first.meeting_phase), 1..=3)?,
            rules,
            tasks_max: number(source, "tasks_max", &raw.tasks_max, TASKS_MAX, 0..=20)?,
            due_within: SignedDuration::from_hours(
                24 * number::<i64>(source, "due_within_days", &raw.due_within_days, DUE_DAYS, 1..=366)?,
            ),
            confidence_min: confidence(source, &raw.confidence_min)?.unwrap_or(first.confidence_min),
            stages,
            stage_needs: raw
                .stage_needs
                .iter()
                .map(|(stage, needs)| (stage.get_ref().clone(), needs.clone()))
                .collect(),
            allowed: allowed.collect::<Result<BTreeMap<_, _>, _>>()?,
            chars_max: number(source, "chars_max", &raw.chars_max, CHARS_MAX, 100..=1_000_000)?,
        },
        pace: pace(source, raw)?,
    })
}

/// "deal.stage", "deal.*", "contact.create"
fn place(source: &Source<'_>, at: &Spanned<String>) -> Result<String, ConfigError> {
    let objects = ["contact.", "activity.", "task.", "deal."];
    let field = objects.iter().find_map(|object| at.get_ref().strip_prefix(object));
    match field {
        Some(field) if !field.is_empty() => Ok(at.get_ref().clone()),
        _ => Err(source.at(
            at.span(),
            format!(
                "`{}` is no field; write contact.NAME, activity.NAME, task.NAME or deal.NAME, * for all",
                at.get_ref()
            ),
        )),
    }
}

fn permitted(source: &Source<'_>, permit: &Spanned<String>) -> Result<Permit, ConfigError> {
    match permit.get_ref().as_str() {
        "write" => Ok(Permit::Write),
        "append" => Ok(Permit::Append),
        "approve" => Ok(Permit::Approve),
        "forbid" => Ok(Permit::Forbid),
        other => Err(source.at(permit.span(), format!("`{other}` is none of write, append, approve, forbid"))),
    }
}

fn confidence(source: &Source<'_>, given: &Given<f64>) -> Result<Option<f64>, ConfigError> {
    read(source, given, |value| match (0.0..=1.0).contains(value) {
        true => Ok(*value),
        false => Err(format!("confidence_min is {value}; it is between 0 and 1")),
    })
}

fn pace(source: &Source<'_>, raw: &raw::CrmPolicy) -> Result<Pace, ConfigError> {
    let hour = number::<i8>(source, "nightly_hour", &raw.nightly_hour, NIGHT_HOUR, 0..=23)?;
    let pace = read(source, &raw.pace, |text| match text.as_str() {
        "real_time" => Ok(Pace::RealTime),
        "hourly" => Ok(Pace::Hourly),
        "nightly" => Ok(Pace::Nightly { hour }),
        "hybrid" => Ok(Pace::Hybrid),
        other => Err(format!("no pace `{other}`; known: real_time, hourly, nightly, hybrid")),
    })?;
    Ok(pace.unwrap_or_default())
}

/// Tasks of one call.
const TASKS_MAX: u32 = 3;
/// Days after the call by which a task is due.
const DUE_DAYS: u32 = 90;
/// Characters of a field.
const CHARS_MAX: u32 = 32_000;
/// Hour of the night, UTC.
const NIGHT_HOUR: u32 = 2;
