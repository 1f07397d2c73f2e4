//! From a call task's hand-off to the CRM.

use std::sync::Arc;

use offhook::calendar::Calendar;
use offhook::call::Disposition;
use offhook::crm::BuiltIn;
use offhook::outbox::Outbox;
use offhook::store::JobState;

use crate::fixtures::{booking, call, db, ended, harbor, quick};

const FROM: Option<&str> = Some("+12125550123");

#[tokio::test]
async fn an_ended_call_is_written_everywhere_once() {
    let db = db().await;
    let outbox = Outbox::start(db.store.clone(), Arc::new(BuiltIn::new(db.store.clone())), quick()).await.unwrap();
    let calendar = offhook::calendar::BuiltIn::new(db.store.clone());
    calendar.book(&harbor(), &booking("c1/booking/1", "2036-11-24T15:00:00Z", 30)).await.unwrap();
    let hand = outbox.hand_off();
    let live = call("c1", FROM);
    hand.opened(live.clone()).unwrap();
    hand.progress(live.clone());
    hand.ended(ended(live.clone(), Disposition::Booked));
    hand.ended(ended(live.clone(), Disposition::Failed));
    hand.progress(live);
    outbox.drained().await;

    let contacts = db.store.contacts(FROM, 10).await.unwrap();
    assert_eq!(contacts.len(), 1);
    let id = &contacts[0].id;
    assert_eq!(db.store.activities(id).await.unwrap().len(), 1);
    assert_eq!(db.store.tasks(id).await.unwrap().len(), 0);
    let call = db.store.call("c1").await.unwrap().unwrap();
    assert_eq!((call.disposition, call.contact_id.as_ref()), (Some(Disposition::Booked), Some(id)));
    assert_eq!(db.store.appointments(None, 10).await.unwrap()[0].contact_id.as_ref(), Some(id));
    assert_eq!(db.store.jobs(Some(JobState::Done), 10).await.unwrap().len(), 2);
    outbox.stop().await;
}

#[tokio::test]
async fn a_stop_writes_what_was_handed_off() {
    let db = db().await;
    let outbox = Outbox::start(db.store.clone(), Arc::new(BuiltIn::new(db.store.clone())), quick()).await.unwrap();
    let hand = outbox.hand_off();
    for n in 0..300 {
        hand.ended(ended(call(&format!("c{n}"), FROM), Disposition::InfoOnly));
    }
    outbox.stop().await;
    assert_eq!(db.store.unfinished_calls().await.unwrap().len(), 0);
    assert_eq!(db.store.jobs(None, 1000).await.unwrap().len(), 600);
    // The next run delivers the rest.
    let outbox = Outbox::start(db.store.clone(), Arc::new(BuiltIn::new(db.store.clone())), quick()).await.unwrap();
    outbox.drained().await;
    outbox.stop().await;
    assert_eq!(db.store.jobs(Some(JobState::Done), 1000).await.unwrap().len(), 600);
    let contacts = db.store.contacts(None, 10).await.unwrap();
    assert_eq!(contacts.len(), 1);
    assert_eq!(db.store.activities(&contacts[0].id).await.unwrap().len(), 300);
}

#[tokio::test]
async fn a_writer_that_cannot_write_lets_no_new_call_in_but_forgets_no_old_one() {
    let db = db().await;
    let outbox = Outbox::start(db.store.clone(), Arc::new(BuiltIn::new(db.store.clone())), quick()).await.unwrap();
    let hand = outbox.hand_off();
    // Nothing is awaited in between, so on this one thread the writer does not run.
    let mut let_in = 0;
    while hand.opened(call(&format!("c{let_in}"), None)).is_ok() {
        let_in += 1;
        assert!(let_in < 100_000, "the queue has no end");
    }
    let refused = hand.opened(call("late", None)).unwrap_err();
    assert_eq!(refused.0.id, "late");
    assert!(refused.to_string().contains("behind"));
    hand.ended(ended(call("c0", None), Disposition::InfoOnly));
    outbox.drained().await;
    assert_eq!(db.store.unfinished_calls().await.unwrap().len(), let_in - 1);
    assert!(hand.opened(call("late", None)).is_ok());
    outbox.stop().await;
}
