//! Questions to calendar and CRM, each with its deadline.

use std::time::Duration;

use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::calendar::Calendar;
use crate::conversation::{Appointment, BookError, BookingRequest, Business, KnownCaller, Slot, SlotQuery};
use crate::crm::Crm;

/// Who calls; none when unknown, withheld, late for good or failed.
pub(super) async fn look_up(crm: &dyn Crm, business: &str, phone: Option<&str>) -> Option<KnownCaller> {
    let phone = phone?;
    let found = in_time(LOOK_UP_DEADLINE, async { crm.find_by_phone(business, phone).await.ok() }).await??;
    found.map(|contact| KnownCaller { contact_id: contact.id, name: contact.name.unwrap_or_default() })
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
    match in_time(BOOKING_DEADLINE, async { calendar.book(business, booking).await }).await {
        Some(Ok(appointment)) => Ok(appointment),
        Some(Err(failure)) => {
            tracing::warn!(%failure, call = booking.call_id, "not booked");
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
