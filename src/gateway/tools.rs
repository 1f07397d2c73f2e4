//! Questions to calendar and CRM while somebody is on the phone: each with a deadline, one more try, and a breaker.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use super::breaker::Breaker;
use crate::calendar::{BookFailure, BoxFuture, Calendar, CalendarError};
use crate::conversation::{
    Appointment, BookError, BookingRequest, Business, Hold, KnownCaller, Proof, Slot, SlotQuery,
};
use crate::crm::{Crm, CrmError, Lookup, Object};

/// What a call may ask. Clones share the breakers: what one call learned of a connector, the next one knows.
#[derive(Clone)]
pub struct Tools {
    calendar: Arc<dyn Calendar>,
    crm: Arc<dyn Crm>,
    limits: Limits,
    calendar_breaker: Arc<Breaker>,
    crm_breaker: Arc<Breaker>,
}

/// How long is waited for an answer, a second try included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Who is calling, and what is booked under the number.
    pub look_up: Duration,
    /// Free slots, appointments.
    pub read: Duration,
    /// Bookings and changes.
    pub write: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { look_up: LOOK_UP_DEADLINE, read: READ_DEADLINE, write: WRITE_DEADLINE }
    }
}

impl Tools {
    /// Tools on these connectors.
    pub fn new(calendar: Arc<dyn Calendar>, crm: Arc<dyn Crm>, limits: Limits) -> Tools {
        Tools { calendar, crm, limits, calendar_breaker: Arc::default(), crm_breaker: Arc::default() }
    }

    /// Who calls; none when unknown, withheld, late for good or failed.
    pub async fn look_up(&self, business: &str, phone: Option<&str>) -> Option<KnownCaller> {
        let phone = phone?;
        let ask = || self.crm.find(business, Object::Contact, Lookup::Phone(phone));
        let later = |error: &CrmError| matches!(error, CrmError::Retry { .. } | CrmError::Unknown { .. });
        let found = answer(&self.crm_breaker, self.limits.look_up, ask, later).await?.ok()?;
        // Two who share a number: nobody knows which of them it is.
        let [one] = found.as_slice() else { return None };
        let text = |field: &str| one.text(field).map(str::to_owned);
        let proof = Proof {
            birth_date: text("birth_date").and_then(|date| date.parse().ok()),
            zip: text("zip"),
            tier: text("tier"),
            email: text("email"),
        };
        let parts = [one.text("first_name"), one.text("last_name")];
        let joined = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Some(KnownCaller { proof, contact_id: one.id.clone(), name: text("name").unwrap_or(joined) })
    }

    /// Free slots; none when the calendar failed or was late.
    pub async fn find_slots(&self, business: &Business, query: &SlotQuery) -> Option<Vec<Slot>> {
        let ask = || self.calendar.find_slots(business, query);
        answer(&self.calendar_breaker, self.limits.read, ask, later).await?.ok()
    }

    /// What the calendar has under a number; none when it failed or was late.
    pub async fn appointments(&self, business: &Business, phone: &str) -> Option<Vec<Appointment>> {
        let ask = || self.calendar.appointments(business, phone);
        answer(&self.calendar_breaker, self.limits.read, ask, later).await?.ok()
    }

    /// Keeps a time for a call, or gives back what it kept. Nobody waits for it: a time that is not kept is still
    /// refused to the second who books it.
    pub async fn keep(&self, business: &Business, call_id: &str, hold: Option<&Hold>) {
        let kept = match hold {
            Some(hold) => in_time(self.limits.read, self.calendar.hold(business, call_id, hold)).await,
            None => in_time(self.limits.read, self.calendar.release(call_id)).await.map(|done| done.map(|()| true)),
        };
        if let Some(Err(error)) = kept {
            tracing::debug!(%error, "a time was not kept, or not given back");
        }
    }

    /// Books, or says why not. What is not known to be written afterwards is settled by the outbox after the call.
    pub async fn book(&self, business: &Business, booking: &BookingRequest) -> Result<Appointment, BookError> {
        self.written(&booking.key, || self.calendar.book(business, booking)).await
    }

    /// Moves an appointment, or says why not.
    pub async fn reschedule(
        &self,
        business: &Business,
        appointment_id: &str,
        slot: Slot,
        key: &str,
    ) -> Result<Appointment, BookError> {
        self.written(key, || self.calendar.reschedule(business, appointment_id, slot, key)).await
    }

    /// Cancels an appointment, or says why not.
    pub async fn cancel(&self, business: &Business, appointment_id: &str, key: &str) -> Result<(), BookError> {
        self.written(key, || self.calendar.cancel(business, appointment_id, key)).await
    }

    /// One write, and a second under the same key when the first answer was lost: at most one has an effect.
    async fn written<'a, T: Send>(
        &self,
        key: &str,
        write: impl Fn() -> BoxFuture<'a, Result<T, BookFailure>> + Send + Sync,
    ) -> Result<T, BookError> {
        let later = |failure: &BookFailure| matches!(failure, BookFailure::Unavailable(_));
        match answer(&self.calendar_breaker, self.limits.write, write, later).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(failure)) => {
                tracing::warn!(%failure, key, "not written");
                Err(failure.into())
            }
            None => {
                tracing::warn!(key, "the calendar did not say in time whether it wrote");
                Err(BookError::Unavailable)
            }
        }
    }
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tools").field("limits", &self.limits).finish_non_exhaustive()
    }
}

fn later(error: &CalendarError) -> bool {
    matches!(error, CalendarError::Unavailable(_))
}

/// Asks, and once more when it failed in a way that may pass; none when there was no answer in time, or the connector
/// is being left alone.
async fn answer<'a, T: Send, E: Send>(
    breaker: &Breaker,
    deadline: Duration,
    ask: impl Fn() -> BoxFuture<'a, Result<T, E>> + Send + Sync,
    later: impl Fn(&E) -> bool + Send + Sync,
) -> Option<Result<T, E>> {
    let leave = breaker.leave(Instant::now())?;
    let answer = in_time(deadline, async {
        match ask().await {
            Err(error) if later(&error) => ask().await,
            other => other,
        }
    });
    let answer = answer.await;
    match &answer {
        Some(Err(error)) if later(error) => leave.failed(Instant::now()),
        None => leave.failed(Instant::now()),
        Some(_) => leave.answered(),
    }
    answer
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
const READ_DEADLINE: Duration = Duration::from_secs(5);
/// Writing gets longer: giving up early on a booking that succeeds is worse than a pause.
const WRITE_DEADLINE: Duration = Duration::from_secs(8);
