//! A CRM that shows whether something is done shows a running call as not done, until it is over.

use std::sync::Arc;

use offhook::call::Disposition;
use offhook::conversation::Transfer;
use offhook::crm::Crm;
use offhook::outbox::Outbox;
use serde_json::Value;

use crate::crms::desk;
use crate::fixtures::{call, db, ended, quick};

#[tokio::test]
async fn pipedrive_shows_a_call_as_done_once_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let options = ["--journal", journal.to_str().unwrap()];
    let (db, desk) = (db().await, desk("pipedrive", &options));
    let crm: Arc<dyn Crm> = desk.crm.clone();
    let outbox = Outbox::start(db.store.clone(), crm, quick()).await.unwrap();
    let mut live = call("c1", Some("+12125550123"));
    for taken in [None, Some(Transfer { at: live.started_at, to: None, rang_ms: None })] {
        live.outcome.transferred = taken;
        outbox.hand_off().progress(live.clone());
        outbox.drained().await;
    }
    outbox.hand_off().ended(ended(live, Disposition::Escalated));
    outbox.drained().await;
    outbox.stop().await;
    let text = std::fs::read_to_string(&journal).unwrap();
    let entries = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let calls = entries.filter(|entry| entry["record"]["values"]["type"] == "call");
    let done: Vec<bool> = calls.map(|entry| entry["record"]["values"]["done"].as_bool().unwrap()).collect();
    assert_eq!(done, [false, false, true], "answered, taken by a person, over");
}
