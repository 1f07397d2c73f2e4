//! One delivery: a leased row to the CRM.

use std::time::Duration;

use super::confirm::confirm;
use super::describe::Described;
use super::rows::{self, read};
use super::run::Doors;
use super::settle::settle;
use super::write::{Wanted, write};
use crate::conversation::Became;
use crate::crm::{CrmError, Object};
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

/// Delivers within `deadline`. A write that is cut off may have happened: the next delivery looks before it writes.
pub(super) async fn deliver(
    doors: &Doors,
    described: &Described,
    store: &Store,
    lease: &Lease,
    deadline: Duration,
) -> Delivery {
    let write = match read(&lease.job, lease.after_id.as_deref()) {
        Ok(write) => write,
        Err(reason) => return Delivery::Refused { reason },
    };
    let contact = matches!(write, rows::Write::Record(Object::Contact, _));
    match tokio::time::timeout(deadline, send(doors, described, store, lease, &write)).await {
        Ok(Ok(external_id)) => Delivery::Done { external_id, contact },
        Ok(Err(CrmError::Retry { after, reason })) => Delivery::Failed { reason, after },
        Ok(Err(CrmError::Rejected { field: _, reason })) => Delivery::Refused { reason },
        Ok(Err(
            error @ (CrmError::Unknown { .. }
            | CrmError::Unauthorized { .. }
            | CrmError::Conflict { .. }
            | CrmError::Gone),
        )) => Delivery::Failed { reason: error.to_string(), after: None },
        Err(_) => Delivery::Failed { reason: format!("no answer within {} s", deadline.as_secs_f32()), after: None },
    }
}

async fn send(
    doors: &Doors,
    described: &Described,
    store: &Store,
    lease: &Lease,
    write_to: &rows::Write,
) -> Result<String, CrmError> {
    let (business, key) = (lease.job.business.as_str(), lease.job.key.as_str());
    match write_to {
        rows::Write::Record(object, fields) => {
            let schema = described.of(&*doors.crm).await?;
            let wanted = Wanted { business, object: *object, key, fields };
            write(&*doors.crm, schema, wanted).await.map(|written| written.id)
        }
        rows::Write::Confirm(confirmation) => {
            let found = doors.businesses.iter().find(|one| one.id == business);
            let found = found.ok_or_else(|| CrmError::rejected(format!("no business `{business}`")))?;
            confirm(doors, found, &lease.job, confirmation).await
        }
        rows::Write::Settle(settlement) => {
            let became = settle(doors, described, store, &lease.job, settlement).await?;
            Ok(match became {
                Became::Nothing => "nothing was written",
                Became::Withdrawn => "withdrawn",
                Became::Written => "written",
            }
            .to_owned())
        }
    }
}
