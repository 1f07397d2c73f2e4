//! What a phone call of our own leaves: its activity carries what was said, unknown things are absent, sensitive answers
//! stay out.

use jiff::{Timestamp, tz::TimeZone};
use offhook::call::{CallRecord, CallState, Disposition, Elsewhere, Line, MediaStats, Outcome, Speaker};
use offhook::config;
use offhook::record::{Effect, activity_fields, gathered, informed_proposals, read_call};
use serde_json::json;

use crate::labelled::{competitors, half};

fn call(lines: &[(Speaker, &str)]) -> CallRecord {
    let at: Timestamp = "2026-03-03T15:00:00Z".parse().unwrap();
    let line = |(n, (speaker, text)): (usize, &(Speaker, &str))| {
        let start_ms = 1000 * n as u64;
        Line { speaker: *speaker, text: (*text).into(), start_ms, end_ms: start_ms + 900, confidence: 0.9 }
    };
    CallRecord {
        id: "c1".into(),
        sip_call_id: "c1@phone".into(),
        business: "demo".into(),
        from: Some("+12125550123".into()),
        to: "demo".into(),
        state: CallState::Ended,
        disposition: Some(Disposition::InfoOnly),
        started_at: at,
        answered_at: Some(at),
        ended_at: Some(at),
        contact_id: None,
        language: "en".into(),
        transcript: lines.iter().enumerate().map(line).collect(),
        turns: Vec::new(),
        digits: String::new(),
        media: MediaStats::default(),
        outcome: Outcome::default(),
        elsewhere: None,
        arrival: None,
    }
}

fn business() -> offhook::conversation::Business {
    let questions = r#"
[[questions]]
id = "insured"
prompt = "Do you have dental insurance?"
kind = "yes_no"
[[questions]]
id = "birth_date"
prompt = "What is your date of birth?"
kind = "text"
sensitive = true
[[questions]]
id = "visits"
prompt = "How many visits did you have so far?"
kind = "number"
"#;
    let text = format!("{}\n{questions}", config::DEMO_TOML);
    let config = config::parse("test", &text).unwrap();
    (*config.businesses[0]).clone()
}

const TALK: [(Speaker, &str); 6] = [
    (Speaker::Agent, "Do you have dental insurance?"),
    (Speaker::Caller, "Yes, I do. I'm really not happy with your bill."),
    (Speaker::Agent, "What is your date of birth?"),
    (Speaker::Caller, "May fifth nineteen eighty."),
    (Speaker::Agent, "How can I help?"),
    (Speaker::Caller, "I need somebody to call me back as soon as possible."),
];

#[test]
fn the_activity_carries_what_was_said() {
    let (call, business) = (call(&TALK), business());
    let found = read_call(&call, Some(&business));
    let fields = activity_fields(&found, &business.policy.questions);
    let expected = [
        ("answer_insured", json!(true)),
        ("intent", json!("complaint")),
        ("sentiment", json!("negative")),
        ("urgency", json!("high")),
    ];
    let expected = expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(fields, expected, "and nothing that nobody said");
    let proposed = informed_proposals(&call, &found, &business.policy.questions);
    let activity = proposed.iter().find_map(|p| match &p.effect {
        Effect::Activity { body, fields, .. } => Some((body, fields)),
        _ => None,
    });
    let (body, carried) = activity.unwrap();
    let said = "Agent: Do you have dental insurance?\nCaller: Yes, I do. I'm really not happy with your bill.\n\
                Agent: What is your date of birth?\nCaller: (withheld)\nAgent: How can I help?\n\
                Caller: I need somebody to call me back as soon as possible.";
    let mut expected = fields;
    expected.insert("transcript".to_owned(), json!(said));
    assert_eq!(*carried, expected);
    assert!(body.starts_with(&found.summary.text) && body.contains("Dialled: demo"), "{body}");
    assert!(
        found.summary.text.contains("complaint") && found.summary.text.contains("urgent"),
        "{}",
        found.summary.text
    );
}

#[test]
fn a_sensitive_answer_reaches_neither_the_crm_nor_the_extraction() {
    let (call, business) = (call(&TALK), business());
    let found = read_call(&call, Some(&business));
    assert_eq!(found.answers["birth_date"].value().unwrap().words(), "(withheld)");
    let told = serde_json::to_string(&found).unwrap();
    let written = format!("{:?}", informed_proposals(&call, &found, &business.policy.questions));
    assert!(!told.contains("nineteen") && !written.contains("nineteen"), "{told}\n{written}");
}

#[test]
fn what_the_outcome_settled_is_known_without_words() {
    let mut booked = call(&[(Speaker::Caller, "Mhm.")]);
    booked.disposition = Some(Disposition::Booked);
    booked.outcome.name = Some("Ana Ruiz".into());
    let found = read_call(&booked, None);
    assert_eq!(found.intent.value().map(String::as_str), Some("book"));
    assert_eq!(found.stakeholders[0].value.name, "Ana Ruiz");
    assert_eq!(read_call(&call(&[]), None).intent.value(), None);
}

#[test]
fn a_time_is_no_address_and_an_ordinary_booking_leaves_nothing_to_confirm() {
    let said = [(Speaker::Caller, "Tuesday at 9.30, please."), (Speaker::Caller, "Or at 10.15 on Friday.")];
    let plain = call(&said);
    let found = read_call(&plain, None);
    let proposed = gathered(&plain, &found, &TimeZone::UTC);
    assert!(proposed.is_empty(), "{proposed:?}");
}

#[test]
fn what_a_meeting_promises_is_due_within_bounds_and_stands_on_its_words() {
    let at: Timestamp = "2026-03-03T16:00:00Z".parse().unwrap();
    let mut meeting = call(&[]);
    meeting.ended_at = Some(at);
    meeting.elsewhere = Some(Box::new(Elsewhere { meeting: true, ..Elsewhere::default() }));
    let competitors = competitors();
    let mut count = 0;
    for labelled in half("dev") {
        let mut found = labelled.extraction(&competitors);
        if let Some(first) = found.tasks.first_mut() {
            first.value.due = Some(jiff::civil::date(1999, 1, 1));
        }
        for proposal in gathered(&meeting, &found, &TimeZone::UTC) {
            let ground = proposal.ground.expect("it was read out of words");
            assert!(!ground.citations.is_empty(), "{}: {}", labelled.name, proposal.key);
            let Effect::Task { due_at, .. } = proposal.effect else { continue };
            assert!(due_at >= at && due_at <= at + jiff::SignedDuration::from_hours(24 * 60), "{due_at}");
            count += 1;
        }
    }
    assert!(count > 10, "{count} tasks");
}
