//! That a person is asked, and what they said, is told in the order it happens: once each.

use jiff::Timestamp;
use offhook::store::{JobState, NewJob};
use serde_json::json;

use crate::receiver::{House, Receiver};

fn change(key: &str, after: Option<&str>, state: JobState) -> NewJob {
    NewJob {
        key: key.into(),
        after: after.map(str::to_owned),
        call_id: "c1".into(),
        business: "harbor".into(),
        kind: "deal".into(),
        payload: json!({"deal_id": "d1", "stage": "Proposal"}),
        run_at: Timestamp::now(),
        lane: Some("harbor/c1".into()),
        state,
        reason: (state == JobState::AwaitingApproval).then(|| "policy asks a person about deal.stage".into()),
        basis: json!({"source": "zoom"}),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_and_its_answer_are_told_once() {
    let receiver = Receiver::taking_all().await;
    let house = House::open(vec![receiver.endpoint("desk")]).await;
    let (asked, waits) =
        (change("c1/stage", None, JobState::AwaitingApproval), change("c1/note", Some("c1/stage"), JobState::Ready));
    // Proposed twice: asked about once. What only waits for it is not asked about.
    for job in [&asked, &asked, &waits] {
        house.store().add_job(job).await.unwrap();
    }
    let id = house.store().approvals(10).await.unwrap()[0].id;
    assert!(house.store().decide_job(id, false, "ann", Some("too early"), Timestamp::now()).await.unwrap());
    assert!(!house.store().decide_job(id, true, "bo", None, Timestamp::now()).await.unwrap());
    receiver.until("the answer", |r| r.taken().len() == 2).await;
    // The change that waited has no deal: the gate before the CRM parks it, and asks nobody.
    house.outbox.drained().await;
    house.close().await;
    let got = receiver.got();
    let kinds: Vec<&str> = got.iter().map(|got| got.kind()).collect();
    assert_eq!(kinds, ["approval.requested", "approval.decided"]);
    let (first, second) = (&got[0].body["data"], &got[1].body["data"]);
    assert_eq!((first["call_id"].as_str(), first["change"]["id"].as_i64()), (Some("c1"), Some(id)));
    assert_eq!(first["change"]["fields"], json!({"deal_id": "d1", "stage": "Proposal"}));
    assert_eq!(first["change"]["reason"], "policy asks a person about deal.stage");
    assert_eq!([&second["decision"], &second["by"], &second["change"]["reason"]], ["rejected", "ann", "too early"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gate_asks_about_is_told_too() {
    let receiver = Receiver::taking_all().await;
    let house = House::open(vec![receiver.endpoint("desk")]).await;
    // Of a meeting: whoever was met waits for a yes, which shows when nobody is found.
    let contact = NewJob {
        kind: "contact".into(),
        payload: json!({"phone": "+12125550123", "name": "Jane Doe"}),
        ..change("c1/contact", None, JobState::Ready)
    };
    house.store().add_job(&contact).await.unwrap();
    house.outbox.hand_off().retry(0).await.unwrap();
    receiver.until("the question", |r| r.taken().len() == 1).await;
    house.close().await;
    let got = receiver.got();
    assert_eq!(got[0].kind(), "approval.requested");
    assert_eq!(got[0].body["data"]["change"]["reason"], "policy asks a person before a new contact");
}
