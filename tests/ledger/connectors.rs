//! A connector that is slow, down or wrong: one more try, a deadline, and after some failures it is left alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use offhook::calendar::{BookFailure, BoxFuture, Calendar, CalendarError};
use offhook::conversation::{Appointment, BookError, BookingRequest, Business, Slot, SlotQuery};
use offhook::crm::{self, Crm, CrmError, Fields, Lookup, Object, Record, Schema};
use offhook::gateway::{Limits, Tools};

use crate::fixtures::{booking, db, harbor};

/// How a connector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Well,
    /// Fails the first time.
    Hiccup,
    Down,
    Silent,
}

struct Sick {
    health: Health,
    asked: AtomicUsize,
}

impl Sick {
    fn new(health: Health) -> Arc<Sick> {
        Arc::new(Sick { health, asked: AtomicUsize::new(0) })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn answer<T, E>(&self, answer: T, error: E) -> Result<T, E> {
        let before = self.asked.fetch_add(1, Ordering::SeqCst);
        match self.health {
            Health::Well => Ok(answer),
            Health::Hiccup if before > 0 => Ok(answer),
            Health::Hiccup | Health::Down => Err(error),
            Health::Silent => std::future::pending().await,
        }
    }
}

fn unavailable() -> CalendarError {
    CalendarError::Unavailable("down".to_owned())
}

fn unwritten() -> BookFailure {
    BookFailure::Unavailable("down".to_owned())
}

impl Calendar for Sick {
    fn find_slots<'a>(
        &'a self,
        _business: &'a Business,
        _query: &'a SlotQuery,
    ) -> BoxFuture<'a, Result<Vec<Slot>, CalendarError>> {
        Box::pin(self.answer(Vec::new(), unavailable()))
    }

    fn book<'a>(
        &'a self,
        _business: &'a Business,
        booking: &'a BookingRequest,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>> {
        let made = Appointment { id: "a1".into(), service: booking.service.clone(), slot: booking.slot };
        Box::pin(self.answer(made, unwritten()))
    }

    fn appointments<'a>(
        &'a self,
        _business: &'a Business,
        _phone: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Appointment>, CalendarError>> {
        Box::pin(self.answer(Vec::new(), unavailable()))
    }

    fn reschedule<'a>(
        &'a self,
        _business: &'a Business,
        id: &'a str,
        slot: Slot,
        _key: &'a str,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>> {
        let moved = Appointment { id: id.to_owned(), service: String::new(), slot };
        Box::pin(self.answer(moved, unwritten()))
    }

    fn cancel<'a>(
        &'a self,
        _business: &'a Business,
        _id: &'a str,
        _key: &'a str,
    ) -> BoxFuture<'a, Result<(), BookFailure>> {
        Box::pin(self.answer((), unwritten()))
    }
}

impl Crm for Sick {
    fn name(&self) -> &'static str {
        "sick"
    }
    fn describe<'a>(&'a self) -> crm::BoxFuture<'a, Result<Schema, CrmError>> {
        Box::pin(async { Ok(Schema::default()) })
    }
    fn find<'a>(&'a self, _: &'a str, _: Object, _: Lookup<'a>) -> crm::BoxFuture<'a, Result<Vec<Record>, CrmError>> {
        let fields = Fields::from([("name".to_owned(), "Ana".into())]);
        let found = vec![Record { id: "c1".into(), version: None, fields }];
        Box::pin(self.answer(found, CrmError::Retry { after: None, reason: "down".into() }))
    }
    fn read<'a>(&'a self, _: &'a str, _: Object, _: &'a str) -> crm::BoxFuture<'a, Result<Option<Record>, CrmError>> {
        Box::pin(async { Ok(None) })
    }
    fn create<'a>(
        &'a self,
        _: &'a str,
        _: Object,
        _: &'a str,
        _: &'a Fields,
    ) -> crm::BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(async { Ok(String::new()) })
    }
    fn update<'a>(
        &'a self,
        _: &'a str,
        _: Object,
        _: &'a str,
        _: Option<&'a str>,
        _: &'a Fields,
    ) -> crm::BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(async { Ok(()) })
    }
    fn delete<'a>(&'a self, _: &'a str, _: Object, _: &'a str) -> crm::BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(async { Ok(()) })
    }
}

fn tools(calendar: &Arc<Sick>, crm: &Arc<Sick>) -> Tools {
    let short = Duration::from_millis(20);
    Tools::new(calendar.clone(), crm.clone(), Limits { look_up: short, read: short, write: short })
}

const PHONE: &str = "+12125550123";

#[tokio::test]
async fn one_failure_is_asked_again() {
    let (calendar, crm) = (Sick::new(Health::Hiccup), Sick::new(Health::Hiccup));
    let tools = tools(&calendar, &crm);
    let booked = tools.book(&harbor(), &booking("c1:book:1", "2036-11-24T15:00:00Z", 30)).await;
    assert_eq!((booked.is_ok(), calendar.asked()), (true, 2));
    assert_eq!(tools.look_up("harbor", Some(PHONE)).await.map(|known| known.name).as_deref(), Some("Ana"));
    assert_eq!(crm.asked(), 2);
}

#[tokio::test]
async fn what_keeps_failing_is_left_alone_and_the_other_is_not() {
    for health in [Health::Down, Health::Silent] {
        let (calendar, crm) = (Sick::new(health), Sick::new(Health::Well));
        let tools = tools(&calendar, &crm);
        for _ in 0..3 {
            assert_eq!(tools.appointments(&harbor(), PHONE).await, None);
        }
        let asked = calendar.asked();
        assert_eq!(asked, if health == Health::Down { 6 } else { 3 }, "{health:?}: a late answer is not asked twice");
        // Every call shares what one of them learned.
        let other = tools.clone();
        assert_eq!(other.find_slots(&harbor(), &SlotQuery::default()).await, None);
        let refused = other.book(&harbor(), &booking("c1:book:1", "2036-11-24T15:00:00Z", 30)).await;
        assert_eq!(refused, Err(BookError::Unavailable));
        assert_eq!(calendar.asked(), asked, "{health:?}: left alone");
        assert!(tools.look_up("harbor", Some(PHONE)).await.is_some(), "the CRM is well");
    }
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let db = db().await;
    let calendar = Arc::new(offhook::calendar::BuiltIn::new(db.store.clone()));
    let tools = Tools::new(calendar, Sick::new(Health::Well), Limits::default());
    for n in 0..5 {
        let past = booking(&format!("c{n}:book:1"), "2016-11-24T15:00:00Z", 30);
        assert_eq!(tools.book(&harbor(), &past).await, Err(BookError::Unavailable));
    }
    let good = booking("c9:book:1", "2036-11-24T15:00:00Z", 30);
    assert!(tools.book(&harbor(), &good).await.is_ok(), "a calendar that refuses is not down");
}
