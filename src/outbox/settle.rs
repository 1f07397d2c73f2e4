//! A write to the calendar whose answer was lost, settled after the call: nobody is told one thing and finds another.
//!
//! A booking the caller was told had failed is taken back. A move or a cancellation is not turned round, since its old
//! time may be somebody else's by now: what the calendar says is noted in the call's record, and whoever calls back
//! gets a task that says so.

use jiff::{SignedDuration, Timestamp};

use serde_json::json;

use super::rows::Settlement;
use super::worker::Worker;
use super::write::{Gatekeeper, Stopped, Wanted, write};
use crate::calendar::{BookFailure, Calendar};
use crate::conversation::{Became, Business, Change, Unsettled};
use crate::crm::{CrmError, Fields, Object};
use crate::record::Source;
use crate::store::JobRow;

/// Finds out, notes it, and says so where somebody has to know.
pub(super) async fn settle(worker: &Worker, job: &JobRow, settlement: &Settlement) -> Result<Became, Stopped> {
    let doors = &worker.doors;
    let Some(calendar) = &doors.calendar else { return Err(CrmError::rejected("there is no calendar to ask").into()) };
    let Some(business) = doors.businesses.iter().find(|business| business.id == job.business) else {
        return Err(CrmError::rejected(format!("no business `{}` is configured any more", job.business)).into());
    };
    let became = became(&**calendar, business, &settlement.write).await?;
    if became == Became::Written {
        let task = task(job, business, settlement);
        let schema = worker.described.of(&*doors.crm).await?;
        // A promise of the call itself, not a claim about what was said.
        let gatekeeper = Gatekeeper { policy: &worker.settings.policy, source: Source::Call, approved: true };
        let wanted =
            Wanted { business: &job.business, object: Object::Task, key: &job.key, fields: &task, formerly: &[] };
        write(&*doors.crm, schema, gatekeeper, wanted).await?;
    }
    let noted = worker.store.settle_write(&job.call_id, &settlement.write.key, became).await;
    noted.map_err(|error| CrmError::Retry { after: None, reason: error.to_string() })?;
    Ok(became)
}

async fn became(calendar: &dyn Calendar, business: &Business, write: &Unsettled) -> Result<Became, CrmError> {
    match (calendar.settle(business, write).await, write.change) {
        (Ok(true), Change::Book) => Ok(Became::Withdrawn),
        (Ok(true), Change::Move | Change::Cancel) => Ok(Became::Written),
        // Refused: it was cancelled, or its time is over; nothing is left to take back.
        (Ok(false), _) | (Err(BookFailure::Taken | BookFailure::Rejected(_)), Change::Book) => Ok(Became::Nothing),
        (Err(failure @ BookFailure::Unavailable(_)), _) => {
            Err(CrmError::Retry { after: None, reason: failure.to_string() })
        }
        (Err(failure), _) => Err(CrmError::rejected(failure.to_string())),
    }
}

fn task(job: &JobRow, business: &Business, settlement: &Settlement) -> Fields {
    let Settlement { write, name } = settlement;
    let local = write.starts_at.to_zoned(business.timezone.clone());
    let when = local.strftime("%A, %B %-d, %Y at %H:%M");
    let what = match write.change {
        Change::Cancel => format!("the {} of {when} is cancelled", write.service),
        Change::Book | Change::Move => format!("the {} is now on {when}", write.service),
    };
    let who = name.as_deref().or(write.phone.as_deref()).unwrap_or("number withheld");
    let number = write.phone.as_deref().unwrap_or("withheld");
    let due_at = Timestamp::now().saturating_add(TELL_WITHIN).unwrap_or(Timestamp::MAX);
    let body = format!(
        "The caller was told that the calendar could not be reached. It did as it was asked: {what}.\nNumber: {number}"
    );
    Fields::from([
        ("call_id".to_owned(), json!(job.call_id)),
        ("subject".to_owned(), json!(format!("Changed after all: {who}"))),
        ("body".to_owned(), json!(body)),
        ("due_at".to_owned(), json!(due_at)),
    ])
}

/// As for any other call back that was promised.
const TELL_WITHIN: SignedDuration = SignedDuration::from_hours(4);
