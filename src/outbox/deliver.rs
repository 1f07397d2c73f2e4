//! One delivery: a leased row to the CRM.

use std::time::Duration;

use super::confirm::confirm;
use super::rows::{Write, read};
use super::run::Doors;
use super::settle::{Unsettling, settle};
use crate::conversation::Became;
use crate::crm::CrmError;
use crate::store::{Lease, Store};

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Delivery {
    /// Written; the CRM's id, and whether it is a contact's.
    Done { external_id: String, contact: bool },
    /// Try again, no earlier than `after` from now.
    Failed { reason: String, after: Option<Duration> },
    /// A person has to look.
    Refused { reason: String },
}

/// Delivers within `deadline`. A write that is cut off may have happened: its key makes the next one harmless.
pub(super) async fn deliver(doors: &Doors, store: &Store, lease: &Lease, deadline: Duration) -> Delivery {
    let write = match read(&lease.job, lease.after_id.as_deref()) {
        Ok(write) => write,
        Err(reason) => return Delivery::Refused { reason },
    };
    let contact = matches!(write, Write::Contact(_));
    match tokio::time::timeout(deadline, send(doors, store, lease, &write)).await {
        Ok(Ok(external_id)) => Delivery::Done { external_id, contact },
        Ok(Err(CrmError::Retry { after, reason })) => Delivery::Failed { reason, after },
        Ok(Err(CrmError::Rejected { reason })) => Delivery::Refused { reason },
        Err(_) => Delivery::Failed { reason: format!("no answer within {} s", deadline.as_secs_f32()), after: None },
    }
}

async fn send(doors: &Doors, store: &Store, lease: &Lease, write: &Write) -> Result<String, CrmError> {
    let (business, key) = (lease.job.business.as_str(), lease.job.key.as_str());
    let crm = &doors.crm;
    match write {
        Write::Contact(contact) => crm.upsert_contact(business, contact, key).await,
        Write::Activity(activity) => crm.add_activity(business, activity, key).await,
        Write::Task(task) => crm.add_task(business, task, key).await,
        Write::Confirm(confirmation) => {
            let found = doors.businesses.iter().find(|one| one.id == business);
            let found = found.ok_or_else(|| CrmError::Rejected { reason: format!("no business `{business}`") })?;
            confirm(doors, found, &lease.job, confirmation).await
        }
        Write::Settle(settlement) => match settle(doors, store, &lease.job, settlement).await {
            Ok(Became::Nothing) => Ok("nothing was written".into()),
            Ok(Became::Withdrawn) => Ok("withdrawn".into()),
            Ok(Became::Written) => Ok("written".into()),
            Err(Unsettling::Failed(reason)) => Err(CrmError::Retry { after: None, reason }),
            Err(Unsettling::Refused(reason)) => Err(CrmError::Rejected { reason }),
        },
    }
}
