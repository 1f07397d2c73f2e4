//! One delivery: a leased row to the CRM.

use std::collections::BTreeSet;
use std::time::Duration;

use super::account::account;
use super::confirm::confirm;
use super::meter::Counted;
use super::rows::{self, met, read, source};
use super::settle::settle;
use super::worker::Worker;
use super::write::{Gatekeeper, Stopped, Wanted, Written, write};
use crate::conversation::Became;
use crate::crm::{Crm, CrmError, Fields, Lookup, Object};
use crate::store::{JobRow, Lease, NewAudit};

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Delivery {
    /// Written and verified.
    Done(Box<Delivered>),
    /// Try again, no earlier than `after` from now.
    Failed { reason: String, after: Option<Duration> },
    /// A person has to look.
    Refused { reason: String },
    /// A person has to say yes.
    Asked { reason: String },
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Delivered {
    /// The other side's id.
    pub(super) external_id: String,
    /// Whether it is a contact's.
    pub(super) contact: bool,
    /// What a roll-back restores.
    pub(super) prior: Option<serde_json::Value>,
    /// The steps taken.
    pub(super) audit: Vec<NewAudit>,
}

/// Delivers in time. A write that is cut off may have happened: the next delivery looks before it writes.
pub(super) async fn deliver(worker: &Worker, lease: &Lease) -> Delivery {
    let deadline = worker.settings.deadline;
    let write = match read(&lease.job, lease.after_id.as_deref()) {
        Ok(write) => write,
        Err(reason) => return Delivery::Refused { reason },
    };
    match tokio::time::timeout(deadline, send(worker, lease, &write)).await {
        Ok(Ok(delivered)) => Delivery::Done(Box::new(delivered)),
        Ok(Err(Stopped::Asked(reason))) => Delivery::Asked { reason },
        Ok(Err(Stopped::Refused(reason))) => Delivery::Refused { reason },
        Ok(Err(Stopped::Crm(CrmError::Retry { after, reason }))) => Delivery::Failed { reason, after },
        Ok(Err(Stopped::Crm(CrmError::Rejected { field: _, reason }))) => Delivery::Refused { reason },
        Ok(Err(Stopped::Crm(error))) => Delivery::Failed { reason: error.to_string(), after: None },
        Err(_) => Delivery::Failed { reason: format!("no answer within {} s", deadline.as_secs_f32()), after: None },
    }
}

async fn send(worker: &Worker, lease: &Lease, write_to: &rows::Write) -> Result<Delivered, Stopped> {
    let (business, doors) = (lease.job.business.as_str(), &worker.doors);
    match write_to {
        rows::Write::Record(object, fields) => {
            let schema = worker.described.of(&*doors.crm).await?;
            let approved = lease.job.approved_by.is_some();
            let gatekeeper = Gatekeeper { policy: &worker.settings.policy, source: source(&lease.job), approved };
            let text = |field: &str| fields.get(field).and_then(|value| value.as_str());
            let formerly = match object {
                Object::Contact => worker.store.contacts_of_rows(business, text("phone"), text("email")).await,
                _ => Ok(Vec::new()),
            };
            let formerly = formerly.map_err(|e| CrmError::Retry { after: None, reason: e.to_string() })?;
            let wanted = Wanted { business, object: *object, key: lease.job.record_key(), fields, formerly: &formerly };
            let linked = linked(&*doors.crm, &lease.job, *object, fields).await?;
            let wanted = Wanted { fields: linked.as_ref().unwrap_or(fields), ..wanted };
            let written = write(&*doors.crm, schema, gatekeeper, wanted).await?;
            Ok(recorded(worker, lease, *object, written))
        }
        rows::Write::Confirm(confirmation) => {
            let found = doors.businesses.iter().find(|one| one.id == business);
            let found = found.ok_or_else(|| CrmError::rejected(format!("no business `{business}`")))?;
            Ok(plain(confirm(doors, found, &lease.job, confirmation).await?))
        }
        rows::Write::Settle(settlement) => {
            let became = match settle(worker, &lease.job, settlement).await? {
                Became::Nothing => "nothing was written",
                Became::Withdrawn => "withdrawn",
                Became::Written => "written",
            };
            Ok(plain(became.to_owned()))
        }
    }
}

/// With the contact a meeting was with: the only one that has one of the addresses. Nobody is made for it.
async fn linked(crm: &dyn Crm, job: &JobRow, object: Object, fields: &Fields) -> Result<Option<Fields>, CrmError> {
    let emails = met(job);
    if !matches!(object, Object::Activity | Object::Task) || fields.contains_key("contact_id") || emails.is_empty() {
        return Ok(None);
    }
    let mut ids = BTreeSet::new();
    for email in emails {
        let found = crm.find(&job.business, Object::Contact, Lookup::Email(email)).await?;
        ids.extend(found.into_iter().map(|contact| contact.id));
    }
    let only = if ids.len() == 1 { ids.pop_first() } else { None };
    Ok(only.map(|id| {
        let mut fields = fields.clone();
        fields.insert("contact_id".to_owned(), id.into());
        fields
    }))
}

fn recorded(worker: &Worker, lease: &Lease, object: Object, written: Written) -> Delivered {
    let meter = &worker.settings.meter;
    if object == Object::Contact {
        meter.count(Counted::Contact(if written.before.is_some() { "known" } else { "new" }));
    } else if written.set.is_empty() {
        meter.count(Counted::Duplicate);
    }
    let account = account(&lease.job, worker.doors.crm.name(), &worker.boot, &written);
    Delivered {
        external_id: written.id,
        contact: object == Object::Contact,
        prior: Some(account.prior),
        audit: account.steps,
    }
}

fn plain(external_id: String) -> Delivered {
    Delivered { external_id, contact: false, prior: None, audit: Vec::new() }
}
