//! What a call leaves behind, through the queue into each CRM: once, also when answers are lost on the way.

use std::sync::Arc;
use std::time::Duration;

use offhook::call::Disposition;
use offhook::conversation::Transfer;
use offhook::crm::{Crm, Lookup, Object, Record};
use offhook::outbox::{Outbox, Settings};
use offhook::store::JobState;
use serde_json::json;

use crate::crm_conformance::found;
use crate::crms::{STANDINS, desk, listener};
use crate::fixtures::{call, db, ended, quick};

#[tokio::test]
async fn contact_activity_and_task_are_there_once_and_linked() {
    for name in STANDINS {
        let (db, desk) = (db().await, desk(name, &[]));
        // Of the first writes the answers are lost, whatever they are.
        let lost = |method: &str| json!({"method": method, "fate": "lose", "count": 2, "path": kind(name)});
        desk.provider.tell(json!({"faults": [lost("POST"), lost("PATCH")]})).await;
        let crm: Arc<dyn Crm> = desk.crm.clone();
        // Longer than several requests take on a busy machine.
        let settings = Settings { lease: Duration::from_secs(20), deadline: Duration::from_secs(15), ..quick() };
        let outbox = Outbox::start(db.store.clone(), crm, settings).await.unwrap();
        outbox.hand_off().ended(ended(call("c1", Some("+12125550123")), Disposition::Failed));
        outbox.drained().await;
        outbox.stop().await;
        for job in db.store.jobs(None, 10).await.unwrap() {
            assert_eq!((job.state, job.reason.as_deref()), (JobState::Done, None), "{name}: {}", job.key);
        }
        let contact = &found(&*desk.crm, Object::Contact, Lookup::Phone("+12125550123"), 1).await[0];
        let activity = &found(&*desk.crm, Object::Activity, Lookup::Key("c1/activity/upsert"), 1).await[0];
        let task = &found(&*desk.crm, Object::Task, Lookup::Key("c1/task/create"), 1).await[0];
        for record in [activity, task] {
            assert_eq!(record.fields["contact_id"], json!(contact.id), "{name}");
            assert_eq!(record.fields["call_id"], "c1", "{name}");
        }
        assert_eq!(activity.fields["source"], "AI receptionist", "{name}");
        assert_eq!(desk.records().await, 3, "{name}");
        // Records are made with one of the two methods.
        assert_eq!(desk.provider.seen().await["faults_left"], 2, "{name}: the answers were lost");
    }
}

#[tokio::test]
async fn a_call_is_one_activity_from_its_answer_to_its_end() {
    for name in STANDINS.into_iter().chain(["webhook"]) {
        let (db, desk) = (db().await, if name == "webhook" { listener() } else { desk(name, &[]) });
        let crm: Arc<dyn Crm> = desk.crm.clone();
        let settings = Settings { lease: Duration::from_secs(20), deadline: Duration::from_secs(15), ..quick() };
        let outbox = Outbox::start(db.store.clone(), crm, settings).await.unwrap();
        let key = Lookup::Key("c1/activity/upsert");
        let mut live = call("c1", Some("+12125550123"));
        let mut told = Vec::new();
        for taken in [None, Some(Transfer { at: live.started_at, to: Some("+12125550111".to_owned()), rang_ms: None })]
        {
            live.outcome.transferred = taken;
            outbox.hand_off().progress(live.clone());
            outbox.drained().await;
            told.push(found(&*desk.crm, Object::Activity, key, 1).await.remove(0));
        }
        outbox.hand_off().ended(ended(live, Disposition::Escalated));
        outbox.drained().await;
        outbox.stop().await;
        let jobs = db.store.jobs(None, 10).await.unwrap();
        assert!(jobs.len() == 4 && jobs.iter().all(|job| job.state == JobState::Done), "{name}: {jobs:#?}");
        told.push(found(&*desk.crm, Object::Activity, key, 1).await.remove(0));
        let contact = &found(&*desk.crm, Object::Contact, Lookup::Phone("+12125550123"), 1).await[0];
        assert!(told.iter().all(|state| state.id == told[0].id), "{name}: {told:#?}");
        let status = |state: &Record| state.text("status").map(str::to_owned);
        // Dynamics and others keep it below the body: it reads back all the same.
        let expected = ["IN_PROGRESS", "TRANSFERRED", "TRANSFERRED"].map(|word| Some(word.to_owned()));
        assert_eq!(told.iter().map(status).collect::<Vec<_>>(), expected, "{name}");
        assert_eq!((told[0].fields.get("contact_id"), told[0].fields.get("duration_s")), (None, None), "{name}");
        assert_eq!(told[2].fields["contact_id"], json!(contact.id), "{name}");
        assert_eq!(told[2].fields["transcript"], "Caller: I would like a cleaning", "{name}");
        assert_eq!(told[2].fields["duration_s"], 60, "{name}");
        assert_eq!(desk.records().await, 2, "{name}: a contact and an activity");
    }
}

/// Where records are made there: token requests and searches are left alone.
fn kind(name: &str) -> &'static str {
    match name {
        "hubspot" => "batch/upsert",
        "salesforce" => "offhook_key__c",
        "dynamics" => "(new_offhookkey",
        _ => "v2",
    }
}
