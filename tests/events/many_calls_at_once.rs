//! Two hundred calls end at once: every event of each reaches every endpoint.

use std::collections::BTreeSet;

use offhook::call::Disposition;

use crate::fixtures::{call, ended};
use crate::receiver::{EVENTS, House, Receiver};

const CALLS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn none_is_lost() {
    let (one, two) = (Receiver::taking_all().await, Receiver::taking_all().await);
    let house = House::open(vec![one.endpoint("one"), two.endpoint("two")]).await;
    let ends: Vec<_> = (0..CALLS)
        .map(|n| {
            let hand_off = house.outbox.hand_off();
            tokio::spawn(async move { hand_off.ended(ended(call(&format!("c{n}"), None), Disposition::InfoOnly)) })
        })
        .collect();
    for end in ends {
        end.await.unwrap();
    }
    for receiver in [&one, &two] {
        let ids = |r: &Receiver| r.taken().iter().map(|got| got.id().to_owned()).collect::<BTreeSet<_>>().len();
        receiver.until("every event", |r| ids(r) == CALLS * EVENTS).await;
    }
    house.close().await;
    for receiver in [one, two] {
        // A busy machine may send one again: it has the id it had.
        let ids: BTreeSet<String> = receiver.taken().iter().map(|got| got.id().to_owned()).collect();
        assert_eq!(ids.len(), CALLS * EVENTS);
    }
}
