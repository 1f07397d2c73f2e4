//! The built-in calendar: appointments in the store's own database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::occupants::Wanted;
use super::provider::{BookFailure, BoxFuture, Calendar, CalendarError};
use super::slots::{open_slots, reach};
use crate::conversation::{Appointment, BookingRequest, Business, Hold, Slot, SlotQuery, Unsettled};
use crate::store::{AppointmentRow, Change, Changed, Needs, NewAppointment, Store, StoreError, Written};

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
            let wanted = Wanted::of(business, &query.service, query.staff.as_deref());
            let (before, after) = wanted.reach();
            let begin = from.saturating_sub(before).unwrap_or(Timestamp::MIN);
            let end = to.saturating_add(length(query.minutes) + after).unwrap_or(Timestamp::MAX);
            let occupied = self.store.occupied(&business.id, begin, end, &query.holder, now).await;
            let free = wanted.free(occupied.map_err(unavailable)?);
            let full = self.full_days(business, query, &wanted, (from, to)).await?;
            let slots = open_slots(business, query, now).filter(|slot| free(slot));
            Ok(slots.filter(|slot| !full.contains(&day(business, slot.starts_at))).take(query.limit).collect())
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
            match self.store.add_appointment(&self.new_appointment(business, booking)).await.map_err(failed)? {
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
            let row = self.store.appointment(&business.id, appointment_id).await.map_err(failed)?;
            let service = row.map(|row| row.service).unwrap_or_default();
            // A move takes up what its service needs, the same person if they are free.
            let needs = Wanted::of(business, &service, None).needs(&new_slot, holder_of(key), (self.clock)());
            let change = Change { key, business: &business.id, id: appointment_id, to, needs: &needs };
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
            let needs = Needs::default();
            let change = Change { key, business: &business.id, id: appointment_id, to: None, needs: &needs };
            self.change(&change, Ok(())).await.map(drop)
        })
    }

    fn hold<'a>(
        &'a self,
        business: &'a Business,
        call_id: &'a str,
        hold: &'a Hold,
    ) -> BoxFuture<'a, Result<bool, CalendarError>> {
        Box::pin(async move {
            let now = (self.clock)();
            let wanted = Wanted::of(business, &hold.service, hold.staff.as_deref());
            let (needs, span) = (wanted.needs(&hold.slot, call_id, now), (hold.slot.starts_at, hold.slot.ends_at));
            let until = now.saturating_add(LEASE).unwrap_or(now);
            self.store.hold(&business.id, span, &needs, until).await.map_err(unavailable)
        })
    }

    fn release<'a>(&'a self, call_id: &'a str) -> BoxFuture<'a, Result<(), CalendarError>> {
        Box::pin(async move { self.store.release(call_id).await.map_err(unavailable) })
    }

    fn settle<'a>(&'a self, business: &'a Business, lost: &'a Unsettled) -> BoxFuture<'a, Result<bool, BookFailure>> {
        Box::pin(async move { self.store.settle_key(&business.id, &lost.key).await.map_err(failed) })
    }
}

impl BuiltIn {
    /// Days on which no more of the service are taken.
    async fn full_days(
        &self,
        business: &Business,
        query: &SlotQuery,
        wanted: &Wanted<'_>,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<BTreeSet<Date>, CalendarError> {
        let Some(most) = wanted.per_day() else { return Ok(BTreeSet::new()) };
        let begin = wanted.day(&Slot { starts_at: from, ends_at: from }).map_or(from, |day| day.0);
        let end = wanted.day(&Slot { starts_at: to, ends_at: to }).map_or(to, |day| day.1);
        let starts = self.store.starts_of(&business.id, &query.service, begin, end).await.map_err(unavailable)?;
        let mut days: BTreeMap<Date, u32> = BTreeMap::new();
        starts.into_iter().for_each(|start| *days.entry(day(business, start)).or_default() += 1);
        Ok(days.into_iter().filter(|(_, count)| *count >= most).map(|(day, _)| day).collect())
    }

    fn new_appointment(&self, business: &Business, booking: &BookingRequest) -> NewAppointment {
        let wanted = Wanted::of(business, &booking.service, booking.staff.as_deref());
        let needs = wanted.needs(&booking.slot, &booking.call_id, (self.clock)());
        NewAppointment { needs, ..new_appointment(business, booking) }
    }

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

/// A change's key begins with the id of its call.
fn holder_of(key: &str) -> &str {
    key.split(':').next().unwrap_or_default()
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
        resource: String::new(),
        service: booking.service.clone(),
        starts_at: booking.slot.starts_at,
        ends_at: booking.slot.ends_at,
        timezone: business.timezone.iana_name().unwrap_or("UTC").to_owned(),
        name: booking.name.clone(),
        phone: booking.phone.clone(),
        reason: booking.reason.clone(),
        call_id: booking.call_id.clone(),
        needs: Needs::default(),
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

fn day(business: &Business, at: Timestamp) -> Date {
    business.timezone.to_datetime(at).date()
}

/// How long a time is kept while it is read back and name and number are taken: longer than that takes, short enough
/// that a call cut off by a crash keeps nobody out for long.
const LEASE: SignedDuration = SignedDuration::from_mins(5);
