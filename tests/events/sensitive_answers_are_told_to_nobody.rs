//! Answers to sensitive questions and numbers of cards reach neither who is told of events nor the CRM.

use std::sync::Arc;

use jiff::Timestamp;
use offhook::call::{Disposition, Message, Speaker};
use offhook::conversation::{Question, QuestionKind};
use offhook::crm::BuiltIn;
use offhook::events::Kind;
use offhook::outbox::{Confirmations, Doors, Outbox};

use crate::fixtures::{call, db, ended, harbor, line, quick};

const SECRETS: [&str; 4] = ["nineteen eighty", "4111", "Lisinopril", "1234567"];

fn questions() -> Vec<Question> {
    let question = |id: &str, prompt: &str, listen: &[&str]| Question {
        id: id.to_owned(),
        prompt: prompt.to_owned(),
        kind: QuestionKind::Text,
        listen_for: listen.iter().map(|word| (*word).to_owned()).collect(),
        sensitive: true,
        ..Question::default()
    };
    vec![
        question("birth_date", "What is your date of birth?", &[]),
        question("medicine", "Which medicines do you take?", &["I take"]),
        question("policy", "What is the number of your policy?", &[]),
    ]
}

#[tokio::test]
async fn whatever_is_sent_is_without_them() {
    let db = db().await;
    db.store.set_endpoints(&[("desk".to_owned(), Kind::ALL.to_vec())]).await.unwrap();
    let mut business = harbor();
    Arc::make_mut(&mut business.policy).questions = questions();
    let doors = Doors {
        crm: Arc::new(BuiltIn::new(db.store.clone())),
        calendar: None,
        businesses: vec![Arc::new(business)],
        confirmations: Confirmations::default(),
    };
    let outbox = Outbox::start_with(db.store.clone(), doors, quick()).await.unwrap();
    let mut live = call("c1", Some("+12125550123"));
    let said = [
        (Speaker::Agent, "What is your date of birth?"),
        (Speaker::Caller, "May fifth nineteen eighty."),
        (Speaker::Agent, "Thank you. How can I help?"),
        (Speaker::Caller, "I take Lisinopril and I will send you the list on Friday."),
        (Speaker::Caller, "My card is 4111 1111 1111 1111."),
        (Speaker::Agent, "What is the number of your policy?"),
        (Speaker::Caller, "1234567"),
        (Speaker::Agent, "Anything else?"),
        (Speaker::Caller, "No, tell the doctor that I was there."),
    ];
    let lines = said.into_iter().zip((0u64..).step_by(2000));
    live.transcript = lines.map(|((speaker, text), at)| line(speaker, text, at, at + 1500)).collect();
    let words = "I take Lisinopril and I will send you the list on Friday. The card is 4111-1111-1111-1111".to_owned();
    live.outcome.message = Some(Message { text: words, for_whom: None, callback: false, urgent: false });
    outbox.hand_off().progress(live.clone());
    outbox.hand_off().ended(ended(live, Disposition::Message));
    outbox.drained().await;
    outbox.stop().await;

    let events = db.store.due_events("desk", Timestamp::now(), 100).await.unwrap();
    let jobs = db.store.jobs(None, 100).await.unwrap();
    let sent: Vec<String> =
        events.iter().map(|due| format!("{due:?}")).chain(jobs.iter().map(|job| format!("{job:?}"))).collect();
    assert!(sent.iter().any(|text| text.contains("tell the doctor")), "the rest is told: {sent:#?}");
    assert!(sent.iter().any(|text| text.contains("(withheld)")), "{sent:#?}");
    for secret in SECRETS {
        let told: Vec<&String> = sent.iter().filter(|text| text.contains(secret)).collect();
        assert!(told.is_empty(), "{secret}: {told:#?}");
    }
}
