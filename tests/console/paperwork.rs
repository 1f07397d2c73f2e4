//! Approvals, dead letters and the audit over HTTP.

use jiff::Timestamp;
use offhook::store::{JobState, NewJob};
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, TOKEN, problem};

async fn asked(house: &House, key: &str, state: JobState) -> i64 {
    let job = NewJob {
        key: key.to_owned(),
        after: None,
        call_id: "c1".to_owned(),
        business: "garage".to_owned(),
        kind: "deal".to_owned(),
        payload: json!({"deal_id": "d1", "stage": "Proposal"}),
        run_at: Timestamp::now(),
        lane: Some("garage/c1".to_owned()),
        state,
        reason: Some("policy asks a person about deal.stage".to_owned()),
        basis: json!({"source": "zoom", "policy": "default-1"}),
    };
    house.store.add_job(&job).await.unwrap();
    house.store.jobs(None, 100).await.unwrap().into_iter().find(|row| row.key == key).unwrap().id
}

async fn post(house: &House, path: &str, body: Value) -> reqwest::Response {
    house.request(Method::POST, path).bearer_auth(TOKEN).json(&body).send().await.unwrap()
}

#[tokio::test]
async fn a_person_says_yes_or_no_once_and_in_their_name() {
    let house = House::open().await;
    let yes = asked(&house, "c1/deal/stage", JobState::AwaitingApproval).await;
    let no = asked(&house, "c1/deal/amount", JobState::AwaitingApproval).await;
    let list = house.json("/api/v1/approvals").await;
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!((&list[0]["id"], &list[0]["reason"]), (&json!(yes), &json!("policy asks a person about deal.stage")));
    problem(post(&house, &format!("/api/v1/approvals/{yes}/approve"), json!({"by": " "})).await, 400).await;
    let approved = post(&house, &format!("/api/v1/approvals/{yes}/approve"), json!({"by": "ann"})).await;
    assert_eq!(approved.status(), 200);
    let row: Value = approved.json().await.unwrap();
    assert_eq!((&row["state"], &row["approved_by"]), (&json!("ready"), &json!("ann")));
    let late = post(&house, &format!("/api/v1/approvals/{yes}/reject"), json!({"by": "bo"})).await;
    assert_eq!(problem(late, 409).await, format!("row {yes} is ready"));
    let rejected = post(&house, &format!("/api/v1/approvals/{no}/reject"), json!({"by": "bo", "note": "no"})).await;
    assert_eq!(rejected.json::<Value>().await.unwrap()["state"], "rejected");
    assert_eq!(house.json("/api/v1/approvals").await, json!([]));
    problem(post(&house, "/api/v1/approvals/4711/approve", json!({"by": "ann"})).await, 404).await;
    let anybody = house.request(Method::POST, &format!("/api/v1/approvals/{yes}/approve")).json(&json!({"by": "x"}));
    problem(anybody.send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn a_dead_letter_is_sent_again() {
    let house = House::open().await;
    let id = asked(&house, "c1/deal/stage", JobState::Parked).await;
    let row: Value = post(&house, &format!("/api/v1/outbox/{id}/retry"), json!({})).await.json().await.unwrap();
    assert_eq!((&row["state"], &row["reason"]), (&json!("ready"), &Value::Null));
    problem(post(&house, &format!("/api/v1/outbox/{id}/retry"), json!({})).await, 409).await;
}

#[tokio::test]
async fn the_audit_is_searched_exported_and_verified() {
    let house = House::open().await;
    let id = asked(&house, "c1/deal/stage", JobState::AwaitingApproval).await;
    post(&house, &format!("/api/v1/approvals/{id}/approve"), json!({"by": "ann"})).await;
    let steps = house.json("/api/v1/audit?correlation_id=c1&field=stage").await;
    assert_eq!(steps[0]["action"], "propose");
    assert_eq!(steps[0]["fields"]["stage"]["new"], "Proposal");
    assert_eq!(steps[0]["source_system"], "zoom");
    let export = house.get("/api/v1/audit/export").await.text().await.unwrap();
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let actions: Vec<&str> = lines.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["propose", "validate", "approve", "approve"]);
    assert_eq!((&lines[3]["actor"], &lines[2]["approval_status"]), (&json!("ann"), &json!("awaiting")));
    assert_eq!(house.json("/api/v1/audit/verify").await, json!({"rows": 4, "broken_at": null}));
    assert_eq!(house.json("/api/v1/audit?correlation_id=c2").await, json!([]));
}

#[tokio::test]
async fn the_queue_and_its_age_are_in_the_metrics() {
    let house = House::open().await;
    asked(&house, "c1/deal/stage", JobState::AwaitingApproval).await;
    asked(&house, "c1/deal/amount", JobState::Parked).await;
    let text = house.get("/metrics").await.text().await.unwrap();
    for line in [
        "offhook_outbox_jobs{state=\"awaiting_approval\"} 1",
        "offhook_outbox_jobs{state=\"parked\"} 1",
        "offhook_outbox_oldest_seconds 0.000",
        "offhook_crm_lag_seconds{quantile=\"0.99\"} 0.000",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
    assert!(text.contains("\noffhook_approvals_oldest_seconds 0."), "{text}");
}
