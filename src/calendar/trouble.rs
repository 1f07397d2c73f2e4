//! What a calendar on another machine that brought nothing means to a booking.

use super::provider::{BookFailure, CalendarError};
pub(super) use crate::cloud::{Trouble, words};

impl From<Trouble> for CalendarError {
    fn from(trouble: Trouble) -> CalendarError {
        match trouble {
            Trouble::Unavailable(why) => CalendarError::Unavailable(why),
            Trouble::Refused(why) => CalendarError::Rejected(why),
        }
    }
}

impl From<Trouble> for BookFailure {
    fn from(trouble: Trouble) -> BookFailure {
        match trouble {
            Trouble::Unavailable(why) => BookFailure::Unavailable(why),
            Trouble::Refused(why) => BookFailure::Rejected(why),
        }
    }
}
