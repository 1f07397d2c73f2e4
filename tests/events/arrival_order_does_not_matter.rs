//! Whatever order a call's events come in, and however often, they come to the same whole, in memory and in the store.

use offhook::events::{Artefact, Line, Person, Request, Told, What};
use proptest::prelude::*;

use crate::platforms::{generic, house, story};
use crate::receiver::eventually;

fn any_told() -> impl Strategy<Value = Told> {
    let time = proptest::option::of(0i64..5).prop_map(|s| s.map(|s| jiff::Timestamp::from_second(s).unwrap()));
    let word = proptest::option::of("[ab]{1,2}");
    let line =
        (0u64..3, "[xy]{1,3}").prop_map(|(at, text)| Line { start_ms: at, end_ms: at, speaker: String::new(), text });
    let transcripts = proptest::collection::btree_map("[kl]", proptest::collection::vec(line, 0..3), 0..3);
    let artefact = ("[uv]", proptest::option::of("[tw]"))
        .prop_map(|(url, token)| Artefact { what: What::Transcript, request: Request { url, token, body: None } });
    let artefacts = proptest::collection::btree_map("[mn]", artefact, 0..3);
    let person =
        ("[pq]", proptest::option::of(any::<bool>())).prop_map(|(name, ours)| Person { name, email: None, ours });
    let people = proptest::collection::btree_set(person, 0..3);
    (
        (time.clone(), time, any::<bool>(), any::<bool>()),
        (word.clone(), word.clone(), word),
        transcripts,
        artefacts,
        people,
    )
        .prop_map(
            |((started_at, ended_at, transferred, complete), (failed, from, title), transcripts, artefacts, people)| {
                Told {
                    started_at,
                    ended_at,
                    failed,
                    transferred,
                    complete,
                    from,
                    title,
                    people,
                    transcripts,
                    artefacts,
                    ..Told::default()
                }
            },
        )
}

proptest! {
    #[test]
    fn joining_has_no_order_and_no_number(a in any_told(), b in any_told(), c in any_told()) {
        let join = |x: &Told, y: &Told| x.clone().join(y.clone());
        prop_assert_eq!(join(&a, &b), join(&b, &a));
        prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
        prop_assert_eq!(join(&join(&a, &b), &b), join(&a, &b));
        prop_assert_eq!(join(&a, &a), a);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn event_order() {
    let told = house(vec![generic()], None).await;
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (n, order) in orders.iter().enumerate() {
        let story = story(&format!("c{n}"));
        for at in order {
            told.generic(&story[*at].0, &story[*at].1).await.unwrap();
        }
    }
    let store = told.db.store.clone();
    let calls = || async { store.calls(offhook::store::Page { limit: 50, before: None }).await.unwrap() };
    eventually("six calls", || async { calls().await.len() == orders.len() }).await;
    let mut calls = calls().await;
    for call in &mut calls {
        assert_eq!(call.transcript.len(), 2, "{call:?}");
        (call.id, call.sip_call_id) = Default::default();
        (call.contact_id, call.elsewhere) = (None, None);
    }
    assert!(calls.windows(2).all(|two| two[0] == two[1]), "{calls:#?}");
    assert_eq!(calls[0].from.as_deref(), Some("+12125550123"));
    told.close().await;
}
