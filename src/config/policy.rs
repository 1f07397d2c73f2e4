//! From `[flows]` and `[escalation]` to what a business does for each kind of wish.

use std::sync::Arc;

use super::check::{each, number, spoken};
use super::error::{ConfigError, Source};
use super::{people, raw};
use crate::conversation::{Escalation, Flows, GivenFlows, Policy};

/// The business's flows over the built-in ones, and its rules for handing a call on.
pub(super) fn of(source: &Source<'_>, flows: &GivenFlows, raw: &raw::Escalation) -> Result<Policy, ConfigError> {
    let flows = flows.over(&Flows::built_in()).map_err(|fault| source.at(fault.at, fault.what))?;
    Ok(Policy { flows: Arc::new(flows), escalation: escalation(source, raw)?, ..Policy::default() })
}

fn escalation(source: &Source<'_>, raw: &raw::Escalation) -> Result<Escalation, ConfigError> {
    let lower = |key: &'static str| move |text: &str| spoken(key, text).map(|t| t.to_lowercase());
    let usual = Escalation::default();
    Ok(Escalation {
        by_request: raw.by_request.unwrap_or(usual.by_request),
        failures: number(source, "failures", &raw.failures, u32::from(usual.failures), 1..=3)?,
        urgent: each(source, &raw.urgent, lower("urgent"))?,
        tiers: each(source, &raw.tiers, |text| spoken("tier", text))?,
        after_hours: raw.after_hours.unwrap_or(usual.after_hours),
        duty: raw.duty.iter().map(|duty| people::duty(source, duty)).collect::<Result<_, _>>()?,
    })
}

impl raw::Escalation {
    /// Whether any key of it was written.
    pub(super) fn is_given(&self) -> bool {
        self.by_request.is_some()
            || self.failures.is_some()
            || self.after_hours.is_some()
            || !(self.urgent.is_empty() && self.tiers.is_empty() && self.duty.is_empty())
    }
}
