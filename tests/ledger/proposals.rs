//! What an ended call proposes.

use offhook::call::{Disposition, Message, Outcome};
use offhook::record::{Effect, proposals};

use crate::fixtures::{call, ended};

const FROM: Option<&str> = Some("+12125550123");

fn keys(call: &offhook::call::CallRecord) -> Vec<String> {
    proposals(call).into_iter().map(|p| p.key).collect()
}

#[test]
fn contact_first_then_what_belongs_to_it() {
    let mut over = ended(call("c1", FROM), Disposition::Message);
    over.outcome.message =
        Some(Message { text: "The tooth hurts".into(), for_whom: None, callback: true, urgent: false });
    let proposed = proposals(&over);
    assert_eq!(keys(&over), ["c1/contact/upsert", "c1/activity/upsert", "c1/task/create"]);
    assert_eq!(proposed[0].after, None);
    assert!(proposed[1..].iter().all(|p| p.after.as_deref() == Some("c1/contact/upsert")));
    assert_eq!(proposed, proposals(&over.clone()), "the same record, the same proposals");
    let Effect::Task { subject, body, .. } = &proposed[2].effect else { panic!("{proposed:?}") };
    assert_eq!(subject, "Call back: +12125550123");
    assert!(body.contains("Message: The tooth hurts") && body.contains("Duration: 60 s"), "{body}");
    let Effect::Activity { source, body, .. } = &proposed[1].effect else { panic!("{proposed:?}") };
    assert!(*source == "AI receptionist" && body.contains("Dialled: demo"), "{body}");
}

#[test]
fn a_withheld_number_leaves_an_activity_without_contact() {
    for from in [None, Some("anonymous"), Some("+112"), Some("+12x25550123")] {
        let proposed = proposals(&ended(call("c1", from), Disposition::InfoOnly));
        assert_eq!(proposed.len(), 1, "{from:?}");
        assert!(matches!(proposed[0].effect, Effect::Activity { .. }) && proposed[0].after.is_none());
    }
}

#[test]
fn somebody_follows_up_on_what_went_wrong_but_not_on_silence() {
    let tasks = |d| keys(&ended(call("c1", FROM), d)).contains(&"c1/task/create".to_owned());
    let follow_up = [Disposition::Failed, Disposition::Escalated, Disposition::Message];
    assert!(follow_up.into_iter().all(tasks));
    assert!([Disposition::Booked, Disposition::InfoOnly, Disposition::Abandoned].into_iter().all(|d| !tasks(d)));
    let mut silent = ended(call("c1", FROM), Disposition::Failed);
    silent.transcript.clear();
    assert_eq!(keys(&silent).len(), 2);
}

#[test]
fn a_known_caller_who_gives_another_number_stays_one_contact() {
    let outcome = Outcome { phone: Some("+13475550100".into()), ..Outcome::default() };
    let stranger = offhook::call::CallRecord { outcome, ..ended(call("c1", FROM), Disposition::Booked) };
    let contact = |call: &_| match proposals(call).remove(0).effect {
        Effect::Contact { phone, notes, .. } => (phone.expect("a number shows"), notes),
        other => panic!("{other:?}"),
    };
    assert_eq!(contact(&stranger), ("+13475550100".into(), vec!["Also uses +12125550123".into()]));
    let known = offhook::call::CallRecord { contact_id: Some("k1".into()), ..stranger };
    assert_eq!(contact(&known), ("+12125550123".into(), vec!["Also uses +13475550100".into()]));
}

#[test]
fn an_address_goes_to_the_contact_and_a_missing_one_to_a_person() {
    let over = ended(call("c1", FROM), Disposition::Booked);
    let given = Outcome { email: Some("jane@example.com".into()), ..Outcome::default() };
    let given = offhook::call::CallRecord { outcome: given, ..over.clone() };
    let Effect::Contact { email, .. } = &proposals(&given)[0].effect else { panic!("{given:?}") };
    assert_eq!(email.as_deref(), Some("jane@example.com"));
    let Effect::Activity { body, .. } = &proposals(&given)[1].effect else { panic!("{given:?}") };
    assert!(body.contains("E-mail: jane@example.com"), "{body}");
    let wanted = Outcome { email_wanted: true, ..Outcome::default() };
    let wanted = offhook::call::CallRecord { outcome: wanted, ..over };
    assert_eq!(keys(&wanted), ["c1/contact/upsert", "c1/activity/upsert", "c1/task/email"]);
    let Effect::Task { subject, .. } = &proposals(&wanted)[2].effect else { panic!("{wanted:?}") };
    assert_eq!(subject, "Ask for an e-mail address: +12125550123");
}
