//! `offhook queue`, `audit`, `reconcile` and `crm` on a database nobody serves.

use std::path::Path;
use std::process::{Command, Output};

use offhook::call::{CallRecord, CallState, Disposition};
use offhook::config::DEMO_TOML;
use offhook::store::{JobState, Store};

use crate::house::ringing;

fn offhook(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_offhook")).args(args).current_dir(folder).output().unwrap()
}

fn said(folder: &Path, args: &[&str]) -> String {
    let output = offhook(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn over(id: &str) -> CallRecord {
    let mut call = ringing(id, 1);
    call.business = "demo".into();
    (call.state, call.disposition) = (CallState::Ended, Some(Disposition::Message));
    call.answered_at = Some(call.started_at);
    call.ended_at = Some(call.started_at + jiff::SignedDuration::from_secs(60));
    call.outcome.name = Some("Jane Doe".into());
    call
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lost_is_found_shown_and_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("offhook.toml"), DEMO_TOML).unwrap();
    let store = Store::open(&format!("sqlite:{}", folder.path().join("data/offhook.db").display())).await.unwrap();
    store.finish_call(&over("c1"), &[]).await.unwrap();

    let preview = said(folder.path(), &["crm", "preview", "c1"]);
    assert!(preview.contains("\"object\": \"contact\"") && preview.contains("+*********23"), "{preview}");
    assert!(!preview.contains("Jane") && !preview.contains("34915550123"), "{preview}");

    let found = said(folder.path(), &["reconcile", "--since", "2026-01-01T00:00:00Z"]);
    assert!(found.starts_with("1 calls, 3 records expected: 0 there"), "{found}");
    assert!(found.contains("c1/contact/upsert") && found.contains("c1/task/create"), "{found}");
    let list = said(folder.path(), &["queue", "list"]);
    assert_eq!(list.lines().filter(|line| line.contains("  ready  ")).count(), 3, "{list}");

    let id = store.jobs(None, 10).await.unwrap()[0].id.to_string();
    assert_eq!(said(folder.path(), &["queue", "park", &id, "--reason", "not now"]), "parked\n");
    let parked = said(folder.path(), &["queue", "list", "--state", "parked"]);
    assert!(parked.contains("not now"), "{parked}");
    let shown: serde_json::Value = serde_json::from_str(&said(folder.path(), &["queue", "show", &id])).unwrap();
    assert_eq!((&shown["state"], &shown["kind"]), (&"parked".into(), &"task".into()));
    assert_eq!(said(folder.path(), &["queue", "drain"]), "1 rows are ready\n");
    assert_eq!(store.jobs(Some(JobState::Ready), 10).await.unwrap().len(), 3);
    assert!(!offhook(folder.path(), &["queue", "retry", &id]).status.success(), "it is ready already");
    assert!(!offhook(folder.path(), &["queue", "rollback", &id, "--by", "ann"]).status.success(), "nothing is written");
    assert!(!offhook(folder.path(), &["queue", "list", "--state", "lost"]).status.success());

    assert_eq!(said(folder.path(), &["audit", "verify"]), "9 rows, none changed, missing or put in\n");
    let steps = said(folder.path(), &["audit", "search", "--call", "c1", "--field", "due_at"]);
    assert_eq!(steps.lines().count(), 1, "{steps}");
    assert_eq!(said(folder.path(), &["audit", "export"]).lines().count(), 9);
    let check = said(folder.path(), &["crm", "probe"]);
    assert_eq!(check.lines().filter(|line| line.contains("can be written, read and deleted")).count(), 3, "{check}");
    assert_eq!(store.contacts(None, 10).await.unwrap(), [], "and nothing is left of it");
    store.close().await;
}
