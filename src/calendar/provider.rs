//! What every calendar can do.

use std::future::Future;
use std::pin::Pin;

use crate::conversation::{Appointment, BookError, BookingRequest, Business, Change, Hold, Slot, SlotQuery, Unsettled};

/// A future behind a pointer, so that providers can be chosen at run time.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A calendar that is asked while somebody is on the phone: callers put a deadline on every answer.
pub trait Calendar: Send + Sync {
    /// Free slots in order of start, within opening hours, no earlier than the business's lead time and no later than
    /// its horizon, at most `query.limit`.
    fn find_slots<'a>(
        &'a self,
        business: &'a Business,
        query: &'a SlotQuery,
    ) -> BoxFuture<'a, Result<Vec<Slot>, CalendarError>>;

    /// Writes a booking. The same key again answers with the same appointment and never writes a second one, so a
    /// booking whose answer was lost is asked again with its key.
    fn book<'a>(
        &'a self,
        business: &'a Business,
        booking: &'a BookingRequest,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>>;

    /// A number's confirmed appointments that are still to come, in order of start.
    fn appointments<'a>(
        &'a self,
        business: &'a Business,
        phone_e164: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Appointment>, CalendarError>>;

    /// Moves an appointment that is still to come; where it was becomes free in the same step. The same key again
    /// answers with the appointment as it stands and moves nothing. A new time that is taken leaves it where it was.
    fn reschedule<'a>(
        &'a self,
        business: &'a Business,
        appointment_id: &'a str,
        new_slot: Slot,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>>;

    /// Cancels an appointment that is still to come; its time becomes free. The same key again, or an appointment
    /// that is cancelled already, is a success.
    fn cancel<'a>(
        &'a self,
        business: &'a Business,
        appointment_id: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<(), BookFailure>>;

    /// Keeps a time for a call while it is read back, instead of what it kept before: others are not offered it, and
    /// the call books through it. It ends by itself after some minutes. False when somebody else has the time; a
    /// provider that cannot hold keeps nothing and says so by the booking.
    fn hold<'a>(
        &'a self,
        _business: &'a Business,
        _call_id: &'a str,
        _hold: &'a Hold,
    ) -> BoxFuture<'a, Result<bool, CalendarError>> {
        Box::pin(async { Ok(true) })
    }

    /// Gives back what a call kept.
    fn release<'a>(&'a self, _call_id: &'a str) -> BoxFuture<'a, Result<(), CalendarError>> {
        Box::pin(async { Ok(()) })
    }

    /// Settles a write whose answer was lost, after the caller was told that it failed: a booking is taken back, a
    /// change is left as it is; afterwards neither will be made any more. Whether it had been made.
    ///
    /// Without an answer of its own a provider is looked through for the number's appointments.
    fn settle<'a>(&'a self, business: &'a Business, lost: &'a Unsettled) -> BoxFuture<'a, Result<bool, BookFailure>> {
        Box::pin(async move {
            let Some(phone) = &lost.phone else { return Ok(false) };
            let all = self.appointments(business, phone).await.map_err(|error| match error {
                CalendarError::Unavailable(why) => BookFailure::Unavailable(why),
                CalendarError::Rejected(why) => BookFailure::Rejected(why),
            })?;
            let known = all.iter().find(|a| Some(&a.id) == lost.appointment_id.as_ref());
            match (lost.change, all.iter().find(|there| lost.books(there))) {
                (Change::Book, Some(found)) => {
                    self.cancel(business, &found.id, &format!("{}/withdraw", lost.key)).await.map(|()| true)
                }
                (Change::Book, None) => Ok(false),
                (Change::Move, _) => Ok(known.is_some_and(|found| found.slot.starts_at == lost.starts_at)),
                (Change::Cancel, _) => Ok(known.is_none()),
            }
        })
    }
}

/// Why slots could not be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not reachable, or it failed: worth another try later.
    #[error("the calendar cannot be asked: {0}")]
    Unavailable(String),
    /// It will never answer this question.
    #[error("the calendar refuses the question: {0}")]
    Rejected(String),
}

/// Why a booking or a change was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookFailure {
    /// Somebody else has the time.
    #[error("that time is taken")]
    Taken,
    /// It will never be accepted as it is.
    #[error("the booking is refused: {0}")]
    Rejected(String),
    /// Not reachable, or it failed; with the same key it is safe to ask again.
    #[error("the calendar cannot be written: {0}")]
    Unavailable(String),
}

/// A booking that is refused for its own sake is, to the caller, one the receptionist cannot make: a message is taken.
impl From<BookFailure> for BookError {
    fn from(failure: BookFailure) -> BookError {
        match failure {
            BookFailure::Taken => BookError::Taken,
            BookFailure::Rejected(_) | BookFailure::Unavailable(_) => BookError::Unavailable,
        }
    }
}
