//! The write matrix, row by row: what is allowed and what is refused. A stage changes for nobody without a yes.

use offhook::record::{Mutation, Permit, Policy, Proposed, Source, Verdict};
use serde_json::{Map, Value, json};

use crate::fixtures::at;

type Fields = std::collections::BTreeMap<String, Value>;

fn policy(phase: u8) -> Policy {
    let stages = ["Discovery", "Proposal", "Won"].map(str::to_owned).to_vec();
    let stage_needs = [("Proposal".to_owned(), vec!["amount".to_owned()])].into();
    Policy { phase, meeting_phase: phase, stages, stage_needs, ..Policy::default() }
}

fn fields(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn judge(policy: &Policy, object: &str, value: &Value, source: Source) -> Verdict {
    let fields = map(value);
    let ended_at = at("2026-11-23T15:00:00Z");
    policy.judge(&Proposed {
        object,
        fields: &fields,
        source,
        confidence: None,
        cited: None,
        tasks_before: 0,
        ended_at,
    })
}

fn guard(policy: &Policy, object: &str, stored: Option<Value>, set: Value, source: Source, approved: bool) -> Verdict {
    let (stored, set) = (stored.map(fields), fields(set));
    policy.guard(&Mutation { object, stored: stored.as_ref(), set: &set, source, approved })
}

fn asks(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Ask(_))
}

fn refuses(verdict: &Verdict, why: &str) -> bool {
    matches!(verdict, Verdict::Refuse(reason) if reason.contains(why))
}

#[test]
fn a_note_with_summary_and_quotes_is_written_in_every_phase() {
    for (phase, source) in [(1, Source::Call), (1, Source::Meeting), (3, Source::Call), (3, Source::Meeting)] {
        let note = json!({"subject": "Call", "body": "Summary", "call_id": "c1"});
        assert_eq!(judge(&policy(phase), "activity", &note, source), Verdict::Go);
        assert_eq!(guard(&policy(phase), "activity", None, note, source, false), Verdict::Go);
    }
}

#[test]
fn tasks_are_written_up_to_the_cap_and_within_their_due_bounds() {
    let (policy, ended_at) = (policy(1), at("2026-11-23T15:00:00Z"));
    let judged = |due: &str, tasks_before| {
        let fields = map(&json!({"subject": "Send the recap", "due_at": due}));
        let proposed = Proposed {
            object: "task",
            fields: &fields,
            source: Source::Meeting,
            confidence: None,
            cited: Some(true),
            tasks_before,
            ended_at,
        };
        policy.judge(&proposed)
    };
    assert_eq!(judged("2026-11-24T15:00:00Z", 2), Verdict::Go);
    assert!(refuses(&judged("2026-11-24T15:00:00Z", 3), "more than 3 tasks"));
    assert!(refuses(&judged("2026-11-23T14:59:59Z", 0), "before the call ended"));
    assert!(refuses(&judged("2027-11-24T15:00:00Z", 0), "later than"));
}

#[test]
fn free_text_is_only_added_to() {
    for field in ["next_step", "objections", "stakeholders"] {
        let policy = policy(2);
        assert_eq!(policy.mode("deal", field, Source::Meeting), Permit::Append);
        assert_eq!(judge(&policy, "deal", &json!({field: "Call on Friday"}), Source::Meeting), Verdict::Go);
        let stored = json!({field: "Send the proposal"});
        let added = json!({field: "Send the proposal\nCall on Friday"});
        assert_eq!(guard(&policy, "deal", Some(stored.clone()), added, Source::Meeting, false), Verdict::Go);
        let over = guard(&policy, "deal", Some(stored), json!({field: "Call on Friday"}), Source::Meeting, true);
        assert!(refuses(&over, "append-only"), "not even with a yes: {over:?}");
    }
}

#[test]
fn phase_one_asks_about_what_phase_two_adds_to() {
    let set = json!({"next_step": "Call on Friday"});
    assert!(asks(&judge(&policy(1), "deal", &set, Source::Meeting)));
    assert!(asks(&guard(&policy(1), "deal", Some(json!({})), set.clone(), Source::Meeting, false)));
    assert_eq!(guard(&policy(1), "deal", Some(json!({})), set, Source::Meeting, true), Verdict::Go);
}

#[test]
fn structured_fields_wait_for_a_yes() {
    for (field, value) in [("amount", json!(12000)), ("close_date", json!("2026-12-31"))] {
        let set = json!({ field: value });
        assert!(asks(&judge(&policy(3), "deal", &set, Source::Call)), "{field}");
        assert!(asks(&guard(&policy(3), "deal", Some(json!({})), set.clone(), Source::Call, false)));
        assert_eq!(guard(&policy(3), "deal", Some(json!({})), set, Source::Call, true), Verdict::Go);
    }
    let lead = json!({"lead_source": "AI Receptionist"});
    let other = guard(&policy(3), "contact", Some(json!({"lead_source": "Fair"})), lead, Source::Call, false);
    assert!(asks(&other), "attribution is not overwritten");
}

#[test]
fn a_stage_changes_only_forward_with_what_it_needs_and_with_a_yes() {
    let policy = policy(3);
    let deal = || Some(json!({"stage": "Discovery", "amount": 12000}));
    let to = |stage: &str| json!({ "stage": stage });
    assert!(asks(&judge(&policy, "deal", &to("Proposal"), Source::Call)));
    assert!(asks(&guard(&policy, "deal", deal(), to("Proposal"), Source::Call, false)));
    assert_eq!(guard(&policy, "deal", deal(), to("Proposal"), Source::Call, true), Verdict::Go);
    for (from, stage, why) in [
        (json!({"stage": "Won"}), "Proposal", "not forward"),
        (json!({"stage": "Proposal"}), "Proposal", "not forward"),
        (json!({"stage": "Discovery"}), "Proposal", "needs amount"),
        (json!({"stage": "Discovery"}), "Almost won", "no stage"),
        (json!({"stage": "Parked"}), "Won", "no stage"),
    ] {
        let refused = guard(&policy, "deal", Some(from), to(stage), Source::Call, true);
        assert!(refuses(&refused, why), "{stage}: {refused:?}");
    }
    for phase in [1, 2] {
        let early = self::policy(phase);
        assert!(refuses(&judge(&early, "deal", &to("Proposal"), Source::Call), "forbids"), "phase {phase}");
    }
}

#[test]
fn who_called_becomes_a_contact_and_who_was_met_waits_for_a_yes() {
    let new = json!({"phone": "+12125550123", "name": "Jane Doe"});
    assert_eq!(guard(&policy(1), "contact", None, new.clone(), Source::Call, false), Verdict::Go);
    assert!(asks(&guard(&policy(3), "contact", None, new.clone(), Source::Meeting, false)));
    assert_eq!(guard(&policy(3), "contact", None, new, Source::Meeting, true), Verdict::Go);
}

#[test]
fn nothing_of_a_contact_is_overwritten_unasked() {
    let stored = Some(json!({"name": "Jane Doe"}));
    assert!(asks(&guard(&policy(3), "contact", stored.clone(), json!({"name": "Jane Dough"}), Source::Call, false)));
    assert_eq!(guard(&policy(3), "contact", stored, json!({"zip": "10001"}), Source::Call, false), Verdict::Go);
}

#[test]
fn a_claim_without_words_or_surety_is_not_written() {
    let policy = policy(3);
    let fields = map(&json!({"next_step": "Call on Friday"}));
    let ended_at = at("2026-11-23T15:00:00Z");
    let claim = |cited, confidence| {
        policy.judge(&Proposed {
            object: "deal",
            fields: &fields,
            source: Source::Call,
            confidence: Some(confidence),
            cited: Some(cited),
            tasks_before: 0,
            ended_at,
        })
    };
    assert_eq!(claim(true, 0.9), Verdict::Go);
    assert!(refuses(&claim(false, 0.9), "no words"));
    assert!(asks(&claim(true, 0.3)));
}

#[test]
fn values_outside_the_list_and_texts_too_long_go_to_review() {
    let allowed = [("deal.objections".to_owned(), vec!["price".to_owned()])].into();
    let policy = Policy { allowed, chars_max: 20, ..policy(3) };
    assert_eq!(judge(&policy, "deal", &json!({"objections": "price"}), Source::Call), Verdict::Go);
    assert!(refuses(&judge(&policy, "deal", &json!({"objections": "weather"}), Source::Call), "none of price"));
    assert!(refuses(&judge(&policy, "activity", &json!({"body": "a".repeat(21)}), Source::Call), "21 characters"));
}

#[test]
fn what_no_rule_names_is_forbidden() {
    assert!(refuses(&judge(&policy(3), "invoice", &json!({"total": 1}), Source::Call), "forbids"));
}
