//! A figure for README: how long a call takes into the CRM. Run by `bench/paper.sh`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use offhook::call::{CallRecord, Disposition, Outcome};
use offhook::crm::{BuiltIn, Crm};
use offhook::outbox::{Outbox, Settings};
use offhook::store::JobState;

use crate::a_real_crm::Office;
use crate::fixtures::{call, db, ended};

/// From the hand-off of an ended call until its contact and activity are in the CRM and were read back, one at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure: bench/paper.sh"]
async fn call_end_to_verified_write() {
    let own = db().await;
    let built_in = until_verified(Arc::new(BuiltIn::new(own.store.clone())), Some(own), 300).await;
    let office = Office::open();
    let tryton = until_verified(office.crm("a-long-password"), None, 60).await;
    for (name, mut waits) in [("built-in", built_in), ("tryton", tryton)] {
        println!("verified {name} {:.1} {:.1}", ms(&mut waits, 50), ms(&mut waits, 99));
    }
}

async fn until_verified(crm: Arc<dyn Crm>, store: Option<crate::fixtures::Db>, calls: usize) -> Vec<Duration> {
    let db = match store {
        Some(db) => db,
        None => db().await,
    };
    let outbox = Outbox::start(db.store.clone(), crm, Settings::default()).await.unwrap();
    let mut waits = Vec::new();
    for n in 0..calls {
        let outcome = Outcome { name: Some("Ann Moss".to_owned()), ..Outcome::default() };
        let over = ended(call(&format!("c{n:04}"), Some(&format!("+1212555{n:04}"))), Disposition::InfoOnly);
        let began = Instant::now();
        outbox.hand_off().ended(CallRecord { outcome, ..over });
        outbox.drained().await;
        waits.push(began.elapsed());
    }
    let done = db.store.jobs(Some(JobState::Done), 10_000).await.unwrap().len();
    assert_eq!(done, 2 * calls, "contact and activity of each, read back");
    outbox.stop().await;
    waits
}

fn ms(waits: &mut [Duration], part: usize) -> f64 {
    waits.sort_unstable();
    waits[(waits.len() * part / 100).min(waits.len() - 1)].as_secs_f64() * 1e3
}
