//! Confirmations: after a booking, a move or a cancellation, a mail with an invitation and a signed web request. Both
//! are outbox rows of their own, written with the end of the call and delivered as often as it takes, once each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::mail::Mail;
use super::run::Doors;
use super::webhook::Webhook;
use crate::call::CallRecord;
use crate::conversation::{Booking, Business, Slot};
use crate::crm::{CrmError, Lookup, Object};
use crate::store::{JobRow, JobState, NewJob};

/// Where confirmations go.
#[derive(Debug, Clone, Default)]
pub struct Confirmations {
    /// By mail.
    pub mail: Option<Mail>,
    /// To a web address, for text messages and whatever else somebody builds on it.
    pub webhook: Option<Webhook>,
    /// What customers are written about, where their address is known.
    pub customer: Notify,
}

/// What a customer is written about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notify {
    /// An appointment was made.
    pub booked: bool,
    /// It was moved.
    pub moved: bool,
    /// It was cancelled.
    pub cancelled: bool,
}

impl Default for Notify {
    fn default() -> Self {
        Notify { booked: true, moved: true, cancelled: true }
    }
}

impl Notify {
    fn of(self, what: What) -> bool {
        match what {
            What::Booked => self.booked,
            What::Moved => self.moved,
            What::Cancelled => self.cancelled,
        }
    }
}

/// What is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Booked,
    Moved,
    Cancelled,
}

/// One confirmation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Confirmation {
    pub(super) what: What,
    pub(super) booking: Booking,
    pub(super) call_id: String,
    pub(super) name: Option<String>,
    /// E.164.
    pub(super) phone: Option<String>,
    /// The customer's address, when the call brought one.
    #[serde(default)]
    pub(super) email: Option<String>,
    pub(super) called_at: Timestamp,
}

impl Confirmations {
    /// The rows of an ended call.
    pub(super) fn rows(&self, call: &CallRecord, now: Timestamp) -> Vec<NewJob> {
        let outcome = &call.outcome;
        let booked = outcome.booking.iter().chain(&outcome.also_booked).map(|booking| (What::Booked, booking));
        let moved = outcome.moved.iter().map(|booking| (What::Moved, booking));
        let cancelled = outcome.cancelled.iter().map(|booking| (What::Cancelled, booking));
        let mail = self.mail.is_some();
        let all = booked.chain(moved).chain(cancelled);
        all.flat_map(|(what, booking)| {
            let confirmation = Confirmation {
                what,
                booking: booking.clone(),
                call_id: call.id.clone(),
                name: outcome.name.clone(),
                phone: outcome.phone.clone().or_else(|| call.from.clone()),
                email: outcome.email.clone(),
                called_at: call.started_at,
            };
            let reachable = confirmation.email.is_some() || confirmation.phone.is_some();
            let customer = mail && reachable && self.customer.of(what);
            let kinds = [mail.then_some(MAIL), customer.then_some(CUSTOMER), self.webhook.as_ref().map(|_| WEBHOOK)];
            kinds.into_iter().flatten().map(move |kind| row(call, &confirmation, kind, now))
        })
        .collect()
    }
}

fn row(call: &CallRecord, confirmation: &Confirmation, kind: &str, now: Timestamp) -> NewJob {
    let what = serde_json::to_value(confirmation.what).unwrap_or_default();
    let (what, id) = (what.as_str().unwrap_or_default(), &confirmation.booking.appointment_id);
    NewJob {
        key: format!("{}/{what}/{id}/{kind}", call.id),
        after: None,
        call_id: call.id.clone(),
        business: call.business.clone(),
        kind: kind.to_owned(),
        // Plain values always become JSON; an empty payload would be parked with its reason, not lost.
        payload: serde_json::to_value(confirmation).unwrap_or_default(),
        run_at: now,
        lane: None,
        state: JobState::Ready,
        reason: None,
        basis: serde_json::json!({}),
    }
}

impl Confirmation {
    pub(super) fn slot(&self) -> Slot {
        Slot { starts_at: self.booking.starts_at, ends_at: self.booking.ends_at }
    }

    /// The service as it is spoken of.
    pub(super) fn service(&self, business: &Business) -> String {
        let service = business.services.iter().find(|service| service.id == self.booking.service);
        service.map_or_else(|| self.booking.service.clone(), |service| service.name.clone())
    }

    /// "Tuesday, November 24, 2026, 14:30"
    pub(super) fn when(&self, business: &Business) -> String {
        let local = self.booking.starts_at.to_zoned(business.timezone.clone());
        match business.language.starts_with("es") {
            true => local.strftime("%d/%m/%Y, %H:%M").to_string(),
            false => local.strftime("%A, %B %-d, %Y, %H:%M").to_string(),
        }
    }

    /// A later call's word is the newer one.
    pub(super) fn version(&self) -> u32 {
        let since = self.called_at.duration_since(VERSIONS_FROM).as_secs();
        if self.what == What::Booked { 0 } else { u32::try_from(since).unwrap_or(1).max(1) }
    }
}

/// Delivers to one place.
pub(super) async fn confirm(
    doors: &Doors,
    business: &Business,
    job: &JobRow,
    confirmation: &Confirmation,
) -> Result<String, CrmError> {
    let confirmations = &doors.confirmations;
    let unset = |what: &str| CrmError::rejected(format!("[confirmations] has no {what} any more"));
    match job.kind.as_str() {
        MAIL => {
            let mail = confirmations.mail.as_ref().ok_or_else(|| unset("smtp"))?;
            mail.send(business, &job.key, confirmation, None).await
        }
        CUSTOMER => {
            let mail = confirmations.mail.as_ref().ok_or_else(|| unset("smtp"))?;
            match address(doors, &business.id, confirmation).await? {
                Some(address) => mail.send(business, &job.key, confirmation, Some(&address)).await,
                None => Ok("no address is known".to_owned()),
            }
        }
        _ => {
            let webhook = confirmations.webhook.as_ref().ok_or_else(|| unset("webhook"))?;
            webhook.send(business, &job.key, confirmation).await
        }
    }
}

/// The customer's address: from the call, else from the contact.
async fn address(doors: &Doors, business: &str, confirmation: &Confirmation) -> Result<Option<String>, CrmError> {
    if confirmation.email.is_some() {
        return Ok(confirmation.email.clone());
    }
    let Some(phone) = &confirmation.phone else { return Ok(None) };
    let found = doors.crm.find(business, Object::Contact, Lookup::Phone(phone)).await?;
    // Two who share a number: nobody knows whose appointment it is.
    Ok(if let [one] = found.as_slice() { one.text("email").map(str::to_owned) } else { None })
}

/// A mail to the customer.
pub(super) const CUSTOMER: &str = "customer_mail";
/// A mail to be sent.
pub(super) const MAIL: &str = "mail";
/// A web request to be made.
pub(super) const WEBHOOK: &str = "webhook";
/// Versions are seconds since then: they fit the 31 bits some mail programs keep.
const VERSIONS_FROM: Timestamp = Timestamp::constant(1_700_000_000, 0);
