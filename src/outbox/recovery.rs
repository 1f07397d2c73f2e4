//! After a crash: calls that were cut off are closed, and their rows enqueued.

use jiff::{SignedDuration, Timestamp};

use super::rows::{Rules, rows};
use crate::call::{Booking, CallRecord, CallState, Disposition};
use crate::events::happened;
use crate::store::{AppointmentRow, CallWrite, Store, StoreError};

/// Closes every unfinished call as failed. Runs before the first call is taken, so each belongs to a former run.
pub(super) async fn close_unfinished(store: &Store, rules: &Rules, now: Timestamp) -> Result<usize, StoreError> {
    let calls = store.unfinished_calls().await?;
    for call in &calls {
        let booked = store.appointments_of_call(&call.id).await?;
        // What the caller was told had failed is taken back; of everything else nobody was told anything yet.
        let told = |key: &str| call.outcome.unsettled.iter().any(|write| write.key == key && write.told);
        let mut closed = closed(call.clone(), booked.iter().rfind(|row| !told(&row.key)));
        drop_cancelled(store, &mut closed).await?;
        let told = rules.told(&closed);
        let (jobs, events) = (rows(&closed, &told, rules, now), happened(&told, true));
        store.write_calls(&[CallWrite { call: &closed, over: true, jobs: &jobs, events: &events }]).await?;
    }
    Ok(calls.len())
}

/// A booking that was cancelled before the record heard of it.
async fn drop_cancelled(store: &Store, call: &mut CallRecord) -> Result<(), StoreError> {
    let Some(booking) = &call.outcome.booking else { return Ok(()) };
    let row = store.appointment(&call.business, &booking.appointment_id).await?;
    if row.is_some_and(|row| row.status == "cancelled") {
        call.outcome.cancelled = call.outcome.booking.take();
    }
    Ok(())
}

/// The call as far as it got. A booking in the calendar is a fact even if the record had not heard of it yet.
fn closed(mut call: CallRecord, booked: Option<&AppointmentRow>) -> CallRecord {
    call.state = CallState::Ended;
    call.disposition = Some(Disposition::Failed);
    call.ended_at = call.ended_at.or(Some(last_sign(&call)));
    if let Some(row) = booked {
        call.outcome.unsettled.retain(|write| write.key != row.key);
        call.outcome.name.get_or_insert_with(|| row.name.clone());
        call.outcome.phone.get_or_insert_with(|| row.phone.clone());
        call.outcome.booking = Some(Booking {
            appointment_id: row.id.clone(),
            service: row.service.clone(),
            starts_at: row.starts_at.timestamp(),
            ends_at: row.ends_at.timestamp(),
        });
    }
    call
}

/// The last moment the record knows of.
fn last_sign(call: &CallRecord) -> Timestamp {
    let spoken = call.transcript.iter().map(|l| l.end_ms).max().unwrap_or(0);
    let begin = call.answered_at.unwrap_or(call.started_at);
    let spoken = SignedDuration::from_millis(i64::try_from(spoken).unwrap_or(0));
    begin.checked_add(spoken).unwrap_or(begin)
}
