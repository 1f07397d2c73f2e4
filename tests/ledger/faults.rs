//! A built-in calendar behind a bad line: answers are lost, late, or never come, before the write or after it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use offhook::calendar::{BookFailure, BoxFuture, BuiltIn, Calendar, CalendarError};
use offhook::conversation::{Appointment, BookingRequest, Business, Slot, SlotQuery, Unsettled};
use tokio::task::JoinHandle;

use crate::chance::Chance;

/// The calendar, its line, and the writes that are still under way.
#[derive(Clone)]
pub struct Faulty {
    pub inner: BuiltIn,
    chance: Arc<Mutex<Chance>>,
    /// Nothing goes wrong any more.
    mended: Arc<AtomicBool>,
    late: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answers,
    FailsBefore,
    /// Written, and the answer is lost.
    LostAfter,
    /// Written, and the answer never comes.
    HangsAfter,
    HangsBefore,
    /// Nobody hears of it, and it is written after everybody has given up.
    WritesLate,
}

impl Faulty {
    pub fn new(inner: BuiltIn, seed: u64) -> Faulty {
        let chance = Arc::new(Mutex::new(Chance(seed)));
        Faulty { inner, chance, mended: Arc::default(), late: Arc::default() }
    }

    /// The line is good from now on, once what was under way has arrived.
    pub async fn mend(&self) {
        let late: Vec<_> = std::mem::take(&mut *self.late.lock().unwrap());
        for write in late {
            write.await.unwrap();
        }
        self.mended.store(true, Ordering::SeqCst);
    }

    fn fate(&self) -> Fate {
        if self.mended.load(Ordering::SeqCst) {
            return Fate::Answers;
        }
        match self.chance.lock().unwrap().below(20) {
            0..=1 => Fate::FailsBefore,
            2..=5 => Fate::LostAfter,
            6..=7 => Fate::HangsAfter,
            8 => Fate::HangsBefore,
            9..=10 => Fate::WritesLate,
            _ => Fate::Answers,
        }
    }

    async fn write<T: Send + 'static>(
        &self,
        write: impl Future<Output = Result<T, BookFailure>> + Send + 'static,
    ) -> Result<T, BookFailure> {
        let lost = || Err(BookFailure::Unavailable("the line".to_owned()));
        match self.fate() {
            Fate::Answers => write.await,
            Fate::FailsBefore => lost(),
            Fate::LostAfter => write.await.and_then(|_| lost()),
            Fate::HangsAfter => {
                let _ = write.await; // nobody will hear of it
                std::future::pending().await
            }
            Fate::HangsBefore => std::future::pending().await,
            Fate::WritesLate => {
                let after = Duration::from_millis(self.chance.lock().unwrap().below(40));
                let late = tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    let _ = write.await; // nobody will hear of it
                });
                self.late.lock().unwrap().push(late);
                std::future::pending().await
            }
        }
    }
}

impl Calendar for Faulty {
    fn find_slots<'a>(
        &'a self,
        business: &'a Business,
        query: &'a SlotQuery,
    ) -> BoxFuture<'a, Result<Vec<Slot>, CalendarError>> {
        self.inner.find_slots(business, query)
    }

    fn book<'a>(
        &'a self,
        business: &'a Business,
        booking: &'a BookingRequest,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>> {
        let (inner, of, what) = (self.inner.clone(), business.clone(), booking.clone());
        Box::pin(self.write(async move { inner.book(&of, &what).await }))
    }

    fn appointments<'a>(
        &'a self,
        business: &'a Business,
        phone_e164: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Appointment>, CalendarError>> {
        self.inner.appointments(business, phone_e164)
    }

    fn reschedule<'a>(
        &'a self,
        business: &'a Business,
        appointment_id: &'a str,
        new_slot: Slot,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>> {
        let (inner, of, id, key) = (self.inner.clone(), business.clone(), appointment_id.to_owned(), key.to_owned());
        Box::pin(self.write(async move { inner.reschedule(&of, &id, new_slot, &key).await }))
    }

    fn cancel<'a>(
        &'a self,
        business: &'a Business,
        appointment_id: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<(), BookFailure>> {
        let (inner, of, id, key) = (self.inner.clone(), business.clone(), appointment_id.to_owned(), key.to_owned());
        Box::pin(self.write(async move { inner.cancel(&of, &id, &key).await }))
    }

    fn settle<'a>(&'a self, business: &'a Business, lost: &'a Unsettled) -> BoxFuture<'a, Result<bool, BookFailure>> {
        let (inner, of, lost) = (self.inner.clone(), business.clone(), lost.clone());
        // One that hangs would only wait for the outbox's deadline.
        match self.fate() {
            Fate::FailsBefore => Box::pin(async { Err(BookFailure::Unavailable("the line".to_owned())) }),
            Fate::LostAfter => Box::pin(async move {
                inner.settle(&of, &lost).await?;
                Err(BookFailure::Unavailable("the line".to_owned()))
            }),
            _ => Box::pin(async move { inner.settle(&of, &lost).await }),
        }
    }
}
