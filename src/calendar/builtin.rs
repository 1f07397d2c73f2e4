//! The built-in calendar: appointments in the store's own database.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::provider::{BookFailure, BoxFuture, Calendar, CalendarError};
use super::slots::{free_slots, reach};
use crate::conversation::{Appointment, BookingRequest, Business, Slot, SlotQuery, Unsettled};
use crate::store::{AppointmentRow, Change, Changed, NewAppointment, Store, StoreError, Written};

/// Where a calendar reads the time; tests put their own here.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Appointments in the store.
#[derive(Clone)]
pub struct BuiltIn {
    store: Store,
    clock: Clock,
}

impl BuiltIn {
    /// A calendar on the system's clock.
    pub fn new(store: Store) -> BuiltIn {
        BuiltIn::with_clock(store, Arc::new(Timestamp::now))
    }

    /// A calendar on another clock.
    pub fn with_clock(store: Store, clock: Clock) -> BuiltIn {
        BuiltIn { store, clock }
    }
}

impl fmt::Debug for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuiltIn").finish_non_exhaustive()
    }
}

impl Calendar for BuiltIn {
    fn find_slots<'a>(
        &'a self,
        business: &'a Business,
        query: &'a SlotQuery,
    ) -> BoxFuture<'a, Result<Vec<Slot>, CalendarError>> {
        Box::pin(async move {
            let now = (self.clock)();
            let Some((from, to)) = reach(business, query, now) else { return Ok(Vec::new()) };
            let end = to.saturating_add(length(query.minutes)).unwrap_or(Timestamp::MAX);
            let occupied = self.store.occupied(&business.id, RESOURCE, from, end).await.map_err(unavailable)?;
            let busy = occupied.into_iter().map(|(starts_at, ends_at)| Slot { starts_at, ends_at }).collect();
            Ok(free_slots(business, query, busy, now))
        })
    }

    fn book<'a>(
        &'a self,
        business: &'a Business,
        booking: &'a BookingRequest,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>> {
        Box::pin(async move {
            if let Err(reason) = check(&booking.key, booking.slot, (self.clock)()) {
                // What was booked before its time came stays booked, whenever the answer is asked for again.
                let before = self.store.appointment_by_key(&booking.key).await.map_err(failed)?;
                return before.filter(is_on).map(appointment).ok_or(BookFailure::Rejected(reason));
            }
            match self.store.add_appointment(&new_appointment(business, booking)).await.map_err(failed)? {
                Written::New(row) => Ok(appointment(row)),
                Written::Before(row) if is_on(&row) => Ok(appointment(row)),
                Written::Before(_) | Written::Withdrawn => Err(off()),
                Written::Overlaps => Err(BookFailure::Taken),
            }
        })
    }

    fn appointments<'a>(
        &'a self,
        business: &'a Business,
        phone_e164: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Appointment>, CalendarError>> {
        Box::pin(async move {
            let rows = self.store.appointments_of_phone(&business.id, phone_e164, (self.clock)()).await;
            Ok(rows.map_err(unavailable)?.into_iter().map(appointment).collect())
        })
    }

    fn reschedule<'a>(
        &'a self,
        business: &'a Business,
        appointment_id: &'a str,
        new_slot: Slot,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>> {
        Box::pin(async move {
            let to = Some((new_slot.starts_at, new_slot.ends_at));
            let change = Change { key, business: &business.id, id: appointment_id, to };
            self.change(&change, check(key, new_slot, (self.clock)())).await.map(appointment)
        })
    }

    fn cancel<'a>(
        &'a self,
        business: &'a Business,
        appointment_id: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<(), BookFailure>> {
        Box::pin(async move {
            let change = Change { key, business: &business.id, id: appointment_id, to: None };
            self.change(&change, Ok(())).await.map(drop)
        })
    }

    fn settle<'a>(&'a self, business: &'a Business, lost: &'a Unsettled) -> BoxFuture<'a, Result<bool, BookFailure>> {
        Box::pin(async move { self.store.settle_key(&business.id, &lost.key).await.map_err(failed) })
    }
}

impl BuiltIn {
    /// What was changed before its time came stays changed, whenever the answer is asked for again.
    async fn change(&self, change: &Change<'_>, sound: Result<(), String>) -> Result<AppointmentRow, BookFailure> {
        let before = self.store.changed_appointment(change.key).await.map_err(failed)?;
        if before.is_none() {
            sound.map_err(BookFailure::Rejected)?;
            self.still_to_come(change).await?;
        }
        match self.store.change_appointment(change).await.map_err(failed)? {
            Changed::Done(row) => Ok(*row),
            Changed::Overlaps => Err(BookFailure::Taken),
            Changed::Withdrawn => Err(BookFailure::Rejected("it was given up".to_owned())),
            Changed::Cancelled => Err(BookFailure::Rejected("the appointment was cancelled".to_owned())),
            Changed::Unknown => Err(BookFailure::Rejected("there is no such appointment".to_owned())),
        }
    }

    async fn still_to_come(&self, change: &Change<'_>) -> Result<(), BookFailure> {
        match self.store.appointment(change.business, change.id).await.map_err(failed)? {
            _ if change.key.is_empty() => Err(BookFailure::Rejected("it has no key".to_owned())),
            Some(row) if row.starts_at.timestamp() < (self.clock)() => {
                Err(BookFailure::Rejected(format!("the appointment of {} is over", row.starts_at.timestamp())))
            }
            _ => Ok(()),
        }
    }
}

fn is_on(row: &AppointmentRow) -> bool {
    row.status == "confirmed"
}

fn off() -> BookFailure {
    BookFailure::Rejected("it was booked and then cancelled".to_owned())
}

fn failed(error: StoreError) -> BookFailure {
    BookFailure::Unavailable(error.to_string())
}

pub(super) fn check(key: &str, slot: Slot, now: Timestamp) -> Result<(), String> {
    let Slot { starts_at, ends_at } = slot;
    match () {
        () if key.is_empty() => Err("it has no key".to_owned()),
        () if ends_at <= starts_at => Err(format!("it ends at {ends_at}, not after its start {starts_at}")),
        () if starts_at < now => Err(format!("its start {starts_at} is over")),
        () => Ok(()),
    }
}

fn new_appointment(business: &Business, booking: &BookingRequest) -> NewAppointment {
    NewAppointment {
        key: booking.key.clone(),
        business: business.id.clone(),
        resource: RESOURCE.to_owned(),
        service: booking.service.clone(),
        starts_at: booking.slot.starts_at,
        ends_at: booking.slot.ends_at,
        timezone: business.timezone.iana_name().unwrap_or("UTC").to_owned(),
        name: booking.name.clone(),
        phone: booking.phone.clone(),
        reason: booking.reason.clone(),
        call_id: booking.call_id.clone(),
    }
}

fn appointment(row: AppointmentRow) -> Appointment {
    let slot = Slot { starts_at: row.starts_at.timestamp(), ends_at: row.ends_at.timestamp() };
    Appointment { id: row.id, service: row.service, slot }
}

fn unavailable(error: StoreError) -> CalendarError {
    CalendarError::Unavailable(error.to_string())
}

fn length(minutes: u32) -> SignedDuration {
    SignedDuration::from_mins(i64::from(minutes))
}

/// Every business has one of everything until resources are configured.
const RESOURCE: &str = "default";
