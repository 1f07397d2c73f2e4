//! People are told of rows that wait for them, by mail and in their chat, also when the first try fails.

use std::sync::Arc;
use std::time::{Duration, Instant};

use offhook::crm::BuiltIn;
use offhook::outbox::{Mail, MailSettings, Notices, Outbox, Settings};
use offhook::store::{JobState, NewJob};
use serde_json::json;

use crate::fixtures::{db, quick};
use crate::post_office::PostOffice;

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_row_is_told_by_mail_and_chat_without_a_callers_words() {
    let (db, office) = (db().await, PostOffice::open());
    let job = NewJob {
        key: "c1/contact/upsert".into(),
        after: None,
        call_id: "c1".into(),
        business: "harbor".into(),
        kind: "contact".into(),
        payload: json!({"phone": "+12125550123", "name": "Jane Doe"}),
        run_at: jiff::Timestamp::now(),
        lane: Some("harbor/+12125550123".into()),
        state: JobState::Parked,
        reason: Some("ambiguous: 2 contacts have this phone".into()),
        basis: json!({}),
    };
    db.store.add_job(&job).await.unwrap();
    let mail = MailSettings {
        url: office.smtp(),
        login: None,
        from: "Harbor <desk@example.com>".into(),
        to: vec!["ops@example.com".into()],
    };
    let notices = Notices {
        mail: Some(Mail::new(&mail).unwrap()),
        slack: Some(office.hook()),
        quiet: Duration::from_millis(100),
    };
    let settings = Settings { notices, ..quick() };
    let outbox = Outbox::start(db.store.clone(), Arc::new(BuiltIn::new(db.store.clone())), settings).await.unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    // The office puts off the first of each kind.
    while office.kept("mail").is_empty() || office.kept("hook").is_empty() {
        assert!(Instant::now() < until, "nobody was told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    outbox.stop().await;
    let mail = office.kept("mail")[0]["text"].as_str().unwrap().to_owned();
    let chat: serde_json::Value = serde_json::from_str(office.kept("hook")[0]["body"].as_str().unwrap()).unwrap();
    for text in [&mail, chat["text"].as_str().unwrap()] {
        assert!(text.contains("waits for a person"), "{text}");
        assert!(
            text.replace("=\r\n", "").contains("c1/contact/upsert: ambiguous: 2 contacts have this phone"),
            "{text}"
        );
        assert!(!text.contains("Jane") && !text.contains("2125550123"), "{text}");
    }
}
