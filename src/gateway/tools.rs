//! Questions to calendar and CRM, each with its deadline.

use std::time::Duration;

use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::calendar::{BookFailure, BoxFuture, Calendar, CalendarError};
use crate::conversation::{Appointment, BookError, BookingRequest, Business, KnownCaller, Proof, Slot, SlotQuery};
use crate::crm::Crm;

/// Who calls; none when unknown, withheld, late for good or failed.
pub(super) async fn look_up(crm: &dyn Crm, business: &str, phone: Option<&str>) -> Option<KnownCaller> {
    let phone = phone?;
    let found = in_time(LOOK_UP_DEADLINE, async { crm.find_by_phone(business, phone).await.ok() }).await??;
    found.map(|contact| KnownCaller {
        proof: Proof { birth_date: contact.birth_date, zip: contact.zip, tier: contact.tier },
        contact_id: contact.id,
        name: contact.name.unwrap_or_default(),
    })
}

/// Free slots; none when the calendar failed or was late.
pub(super) async fn find_slots(calendar: &dyn Calendar, business: &Business, query: &SlotQuery) -> Option<Vec<Slot>> {
    in_time(CALENDAR_DEADLINE, async { calendar.find_slots(business, query).await.ok() }).await?
}

/// Books, or says why not.
pub(super) async fn book(
    calendar: &dyn Calendar,
    business: &Business,
    booking: &BookingRequest,
) -> Result<Appointment, BookError> {
    written(&booking.key, || calendar.book(business, booking)).await
}

/// What the calendar has under a number; asked a second time when it fails at once.
pub(super) async fn appointments(
    calendar: &dyn Calendar,
    business: &Business,
    phone: &str,
) -> Option<Vec<Appointment>> {
    in_time(CALENDAR_DEADLINE, async {
        match calendar.appointments(business, phone).await {
            Err(CalendarError::Unavailable(_)) => calendar.appointments(business, phone).await.ok(),
            other => other.ok(),
        }
    })
    .await?
}

/// Moves an appointment, or says why not.
pub(super) async fn reschedule(
    calendar: &dyn Calendar,
    business: &Business,
    appointment_id: &str,
    slot: Slot,
    key: &str,
) -> Result<Appointment, BookError> {
    written(key, || calendar.reschedule(business, appointment_id, slot, key)).await
}

/// Cancels an appointment, or says why not.
pub(super) async fn cancel(
    calendar: &dyn Calendar,
    business: &Business,
    appointment_id: &str,
    key: &str,
) -> Result<(), BookError> {
    written(key, || calendar.cancel(business, appointment_id, key)).await
}

/// One write, and a second under the same key when the first answer was lost: at most one has an effect.
async fn written<'a, T: Send>(
    key: &str,
    write: impl Fn() -> BoxFuture<'a, Result<T, BookFailure>> + Send + Sync,
) -> Result<T, BookError> {
    let written = in_time(BOOKING_DEADLINE, async {
        match write().await {
            Err(BookFailure::Unavailable(_)) => write().await,
            other => other,
        }
    });
    match written.await {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(failure)) => {
            tracing::warn!(%failure, key, "not written");
            Err(failure.into())
        }
        None => Err(BookError::Unavailable),
    }
}

/// Runs one question under a deadline.
async fn in_time<T: Send>(deadline: Duration, question: impl Future<Output = T> + Send) -> Option<T> {
    let mut question = Some(question);
    let mut service = ServiceBuilder::new().timeout(deadline).service(service_fn(move |()| {
        let question = question.take();
        async move {
            match question {
                Some(question) => Ok::<_, std::convert::Infallible>(question.await),
                None => std::future::pending().await,
            }
        }
    }));
    service.ready().await.ok()?.call(()).await.ok()
}

/// After this a look-up's answer is of no use to the call.
const LOOK_UP_DEADLINE: Duration = Duration::from_secs(5);
/// A caller is bridged for this long, then a message is taken.
const CALENDAR_DEADLINE: Duration = Duration::from_secs(5);
/// Writing gets longer: giving up early on a booking that succeeds is worse than a pause.
const BOOKING_DEADLINE: Duration = Duration::from_secs(8);
