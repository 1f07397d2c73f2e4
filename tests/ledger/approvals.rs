//! What a person is asked about: nothing is written without a yes, a no leaves the rest, and of two who decide at once
//! one is heard.

use std::sync::Arc;

use jiff::Timestamp;
use offhook::call::Disposition;
use offhook::crm::{BuiltIn, Crm, Fields, Object};
use offhook::outbox::{Outbox, Settings};
use offhook::record::{Permit, Policy};
use offhook::store::{AuditAction, AuditSearch, JobState, NewJob, Store};
use serde_json::json;
use tokio::task::JoinSet;

use crate::fixtures::{call, db, ended, quick};

const FROM: Option<&str> = Some("+12125550123");

fn asking() -> Settings {
    let mut policy = Policy { stages: ["Discovery", "Proposal"].map(str::to_owned).to_vec(), ..Policy::default() };
    policy.rules.insert("contact.create".to_owned(), Permit::Approve);
    Settings { policy: Arc::new(policy), ..quick() }
}

async fn outbox(store: &Store) -> Outbox {
    Outbox::start(store.clone(), Arc::new(BuiltIn::new(store.clone())), asking()).await.unwrap()
}

#[tokio::test]
async fn a_yes_lets_it_and_what_waits_for_it_through() {
    let db = db().await;
    let first = outbox(&db.store).await;
    first.hand_off().ended(ended(call("c1", FROM), Disposition::Failed));
    first.drained().await;
    first.stop().await;
    assert_eq!(db.store.contacts(None, 10).await.unwrap(), [], "nothing without a yes");
    let asked = db.store.approvals(10).await.unwrap();
    assert_eq!(asked.len(), 1, "the activity and the task are not asked about, they wait");
    assert_eq!(asked[0].reason.as_deref(), Some("policy asks a person before a new contact"));
    assert_eq!(db.store.jobs(Some(JobState::AwaitingApproval), 10).await.unwrap().len(), 3);
    assert!(!db.store.retry_job(asked[0].id, Timestamp::now()).await.unwrap(), "no way round the question");

    assert!(db.store.decide_job(asked[0].id, true, "ann", None, Timestamp::now()).await.unwrap());
    let second = outbox(&db.store).await;
    second.drained().await;
    second.stop().await;
    let contacts = db.store.contacts(None, 10).await.unwrap();
    assert_eq!(db.store.activities(&contacts[0].id).await.unwrap().len(), 1);
    assert_eq!(db.store.tasks(&contacts[0].id).await.unwrap().len(), 1);
    let search = AuditSearch { action: Some(AuditAction::Approve), limit: 100, ..AuditSearch::default() };
    let steps = db.store.audit(&search).await.unwrap();
    assert!(steps.iter().any(|s| s.entry.actor == "ann" && s.entry.approval_status.as_deref() == Some("approved")));
}

#[tokio::test]
async fn a_no_leaves_the_call_without_the_contact() {
    let db = db().await;
    let first = outbox(&db.store).await;
    first.hand_off().ended(ended(call("c1", FROM), Disposition::InfoOnly));
    first.drained().await;
    let asked = db.store.approvals(10).await.unwrap().remove(0);
    assert!(db.store.decide_job(asked.id, false, "ann", Some("a test call"), Timestamp::now()).await.unwrap());
    first.stop().await;
    let second = outbox(&db.store).await;
    second.drained().await;
    second.stop().await;
    assert_eq!(db.store.contacts(None, 10).await.unwrap(), []);
    let (activities, _) = db.store.effects_of_call("c1").await.unwrap();
    assert_eq!((activities.len(), activities[0].contact_id.as_ref()), (1, None));
    assert_eq!(db.store.job(asked.id).await.unwrap().unwrap().state, JobState::Rejected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_decide_at_once_one_is_heard() {
    let db = db().await;
    let outbox = outbox(&db.store).await;
    for n in 0..20 {
        outbox
            .hand_off()
            .ended(ended(call(&format!("c{n}"), Some(&format!("+121255501{n:02}"))), Disposition::InfoOnly));
    }
    outbox.drained().await;
    outbox.stop().await;
    for row in db.store.approvals(50).await.unwrap() {
        let mut deciders = JoinSet::new();
        for (by, yes) in [("ann", true), ("bo", false), ("cy", true), ("di", false)] {
            let store = db.store.clone();
            deciders.spawn(async move {
                store.decide_job(row.id, yes, by, None, Timestamp::now()).await.unwrap().then_some((by, yes))
            });
        }
        let heard: Vec<_> = deciders.join_all().await.into_iter().flatten().collect();
        assert_eq!(heard.len(), 1, "{heard:?}");
        let decided = db.store.job(row.id).await.unwrap().unwrap();
        assert_eq!(decided.state, if heard[0].1 { JobState::Ready } else { JobState::Rejected });
        assert_eq!(decided.approved_by.as_deref(), heard[0].1.then_some(heard[0].0));
    }
}

#[tokio::test]
async fn a_stage_put_into_the_queue_by_hand_is_asked_about_all_the_same() {
    let db = db().await;
    let crm = BuiltIn::new(db.store.clone());
    let fields: Fields = serde_json::from_value(json!({"name": "Harbor", "stage": "Discovery"})).unwrap();
    let deal = crm.create("harbor", Object::Deal, "k1", &fields).await.unwrap();
    // As a door that forgot the policy would: ready at once.
    let job = NewJob {
        key: "c1/deal/stage".to_owned(),
        after: None,
        call_id: "c1".to_owned(),
        business: "harbor".to_owned(),
        kind: "deal".to_owned(),
        payload: json!({"deal_id": deal, "stage": "Proposal"}),
        run_at: Timestamp::now(),
        lane: Some("harbor/c1".to_owned()),
        state: JobState::Ready,
        reason: None,
        basis: json!({"source": "zoom"}),
    };
    db.store.add_job(&job).await.unwrap();
    let policy = Policy { meeting_phase: 3, ..(*asking().policy).clone() };
    let settings = Settings { policy: Arc::new(policy), ..quick() };
    let run = async || {
        let outbox = Outbox::start(db.store.clone(), Arc::new(crm.clone()), settings.clone()).await.unwrap();
        outbox.drained().await;
        outbox.stop().await;
    };
    run().await;
    let stage = async || crm.read("harbor", Object::Deal, &deal).await.unwrap().unwrap().fields["stage"].clone();
    assert_eq!(stage().await, "Discovery");
    let asked = db.store.approvals(10).await.unwrap().remove(0);
    assert!(db.store.decide_job(asked.id, true, "ann", None, Timestamp::now()).await.unwrap());
    run().await;
    assert_eq!(stage().await, "Proposal");
    assert_eq!(db.store.job(asked.id).await.unwrap().unwrap().state, JobState::Done);
}
