//! What a call leaves behind, through the queue into each CRM: once, also when answers are lost on the way.

use std::sync::Arc;
use std::time::Duration;

use offhook::call::Disposition;
use offhook::crm::{Crm, Lookup, Object};
use offhook::outbox::{Outbox, Settings};
use offhook::store::JobState;
use serde_json::json;

use crate::crm_conformance::found;
use crate::crms::{STANDINS, desk};
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

/// Where records are made there: token requests and searches are left alone.
fn kind(name: &str) -> &'static str {
    match name {
        "hubspot" => "batch/upsert",
        "salesforce" => "offhook_key__c",
        "dynamics" => "(new_offhookkey",
        _ => "v2",
    }
}
