//! Two hundred calls end at once: every event of each reaches every endpoint once.

use std::collections::BTreeSet;

use offhook::call::Disposition;

use crate::fixtures::{call, ended};
use crate::receiver::{House, Receiver};

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
        receiver.until("every event", |r| r.taken().len() >= CALLS * 3).await;
    }
    house.close().await;
    for receiver in [one, two] {
        let ids: BTreeSet<String> = receiver.got().iter().map(|got| got.id().to_owned()).collect();
        assert_eq!((ids.len(), receiver.got().len()), (CALLS * 3, CALLS * 3));
    }
}
