//! Tryton itself, a server of its own on SQLite: it conforms, and what was written is read with its own client.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use offhook::crm::{Checked, Tryton, TrytonLogin};
use offhook::crm::{CrmError, Lookup, Object};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::crm_conformance::{exercise, fields_of};
use crate::crms::shipped;

/// A running server with a database of its own; it goes with its folder.
pub struct Office {
    child: Child,
    root: String,
    folder: tempfile::TempDir,
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = self.child.kill(); // gone already: nothing to do
        let _ = self.child.wait();
    }
}

impl Office {
    pub fn open() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let mut command = script();
        command.arg("--cache").arg(cache()).arg("--folder").arg(folder.path());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        assert!(!port.trim().is_empty(), "Tryton does not start; `make test` installs it");
        Office { child, root: format!("http://127.0.0.1:{}", port.trim()), folder }
    }

    pub fn crm(&self, password: &str) -> Arc<dyn Checked> {
        let login = TrytonLogin { database: "crm".to_owned(), user: "admin".to_owned(), password: password.to_owned() };
        Arc::new(Tryton::open(&self.root, login, shipped("tryton")).unwrap())
    }

    /// What Tryton's own client sees.
    fn seen(&self, model: &str, domain: Value, names: &[&str]) -> Value {
        let mut command = script();
        command.arg("--conf").arg(self.folder.path().join("trytond.conf")).arg("--ask").arg(model);
        let output = command.arg(domain.to_string()).args(names).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Plain SQL on its database.
    fn sql(&self, statement: &str) -> String {
        let code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30); r = c.execute(sys.argv[2]).fetchall(); \
                    c.commit(); print(r[0][0] if r else '')";
        let file = self.folder.path().join("crm.sqlite");
        let output = python().arg("-c").arg(code).arg(file).arg(statement).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

fn python() -> Command {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python3");
    Command::new(if own.exists() { own } else { PathBuf::from("python3") })
}

fn script() -> Command {
    let mut command = python();
    command.arg("-B").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ledger/crms/tryton.py"));
    command
}

/// Where the empty database is kept: `make test` has made it, else the first test does.
fn cache() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/tryton");
    if made.exists() { made } else { Path::new(env!("CARGO_TARGET_TMPDIR")).join("tryton") }
}

#[tokio::test]
async fn tryton_conforms() {
    let office = Office::open();
    exercise(&*office.crm("a-long-password")).await;
}

#[tokio::test]
async fn trytons_own_client_reads_what_was_written() {
    let office = Office::open();
    let crm = office.crm("a-long-password");
    assert_eq!(crm.check().await, Ok(Vec::new()), "the mapping fits");
    let ann = fields_of(json!({
        "phone": "+12125550123", "email": "ann@example.com", "name": "Ann Moss", "zip": "10011",
        "source": "AI receptionist"}));
    let id = crm.create("harbor", Object::Contact, "c1/contact/1", &ann).await.unwrap();
    let call = fields_of(json!({
        "contact_id": id, "call_id": "c1", "subject": "Cleaning", "body": "Asks for a date.", "status": "COMPLETED"}));
    crm.create("harbor", Object::Activity, "c1/activity/1", &call).await.unwrap();
    let task = fields_of(json!({"contact_id": id, "subject": "Call Ann back", "body": "About the bill."}));
    crm.create("harbor", Object::Task, "c1/task/1", &task).await.unwrap();
    let deal = fields_of(json!({"contact_id": id, "name": "Whitening", "amount": 450.5, "summary": "Wants an offer."}));
    crm.create("harbor", Object::Deal, "c1/deal/1", &deal).await.unwrap();

    let parties = office.seen("party.party", json!([["name", "=", "Ann Moss"]]), &["id", "name", "phone", "email"]);
    let expected = json!([{
        "id": id.parse::<i64>().unwrap(), "name": "Ann Moss", "phone": "+12125550123", "email": "ann@example.com"}]);
    assert_eq!(parties, expected);
    let addresses = office.seen("party.address", json!([["party.name", "=", "Ann Moss"]]), &["postal_code"]);
    assert_eq!(addresses, json!([{"postal_code": "10011"}]));
    let works = office.seen("project.work", json!([["party.name", "=", "Ann Moss"]]), &["name", "status", "comment"]);
    let of = |name: &str| {
        let found = works.as_array().unwrap().iter().find(|work| work["name"] == json!(name)).unwrap();
        (found["status"].as_str().unwrap().to_owned(), found["comment"].as_str().unwrap().to_owned())
    };
    let (status, comment) = of("Cleaning");
    assert!(comment.starts_with("Asks for a date.\n") && comment.contains("status: COMPLETED"), "{comment}");
    assert_eq!((status.as_str(), of("Call Ann back").0.as_str()), ("Done", "Open"));
    assert_eq!(works.as_array().unwrap().len(), 2);
    let runs = fields_of(json!({"call_id": "c2", "subject": "In progress", "status": "IN_PROGRESS"}));
    let running = crm.create("harbor", Object::Activity, "c2/activity/1", &runs).await.unwrap();
    let status = || office.seen("project.work", json!([["id", "=", running.parse::<i64>().unwrap()]]), &["status"]);
    assert_eq!(status(), json!([{"status": "Open"}]), "a call that runs is not done");
    let ends = fields_of(json!({"status": "COMPLETED", "disposition": "booked"}));
    crm.update("harbor", Object::Activity, &running, None, &ends).await.unwrap();
    assert_eq!(status(), json!([{"status": "Done"}]));
    let chances = office.seen("sale.opportunity", json!([]), &["description", "amount", "reference", "state"]);
    let expected = json!([{"description": "Whitening", "amount": "450.5", "reference": "c1/deal/1", "state": "lead"}]);
    assert_eq!(chances, expected);
}

#[tokio::test]
async fn a_session_that_ended_is_bought_again_once() {
    let office = Office::open();
    let crm = office.crm("a-long-password");
    assert_eq!(crm.find("harbor", Object::Contact, Lookup::Phone("+12125550123")).await, Ok(Vec::new()));
    office.sql("DELETE FROM ir_session");
    let mut tasks = JoinSet::new();
    for n in 0..6 {
        let crm = crm.clone();
        let phone = format!("+1212555010{n}");
        tasks.spawn(async move { crm.find("harbor", Object::Contact, Lookup::Phone(&phone)).await });
    }
    assert!(tasks.join_all().await.iter().all(|found| *found == Ok(Vec::new())));
    assert_eq!(office.sql("SELECT COUNT(*) FROM ir_session"), "1");
    let wrong = office.crm("another-password").read("harbor", Object::Contact, "1").await;
    let Err(CrmError::Unauthorized { reason }) = wrong else { panic!("{wrong:?}") };
    assert!(!reason.contains("another-password"), "{reason}");
}
