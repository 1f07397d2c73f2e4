//! The business's own questions: asked once the time is agreed on and before it is read back, and in nobody's way.

use std::sync::Arc;

use offhook::conversation::{Business, Question, QuestionKind};

use crate::shops::dental;
use crate::stage::Call;

fn curious() -> Arc<Business> {
    let mut business = (*dental()).clone();
    let question = |id: &str, prompt: &str, kind, listen: &[&str]| Question {
        id: id.to_owned(),
        prompt: prompt.to_owned(),
        kind,
        ask_for: vec!["book".to_owned()],
        listen_for: listen.iter().map(|word| (*word).to_owned()).collect(),
        ..Question::default()
    };
    let policy = Arc::make_mut(&mut business.policy);
    policy.questions = vec![
        question("insured", INSURED, QuestionKind::YesNo, &["insurance"]),
        Question { ask_for: Vec::new(), ..question("silent", "Never asked aloud?", QuestionKind::Text, &[]) },
        question("found", FOUND, QuestionKind::Text, &[]),
    ];
    Arc::new(business)
}

const INSURED: &str = "Do you have dental insurance?";
const FOUND: &str = "How did you find us?";

/// Up to the first of them.
fn asked() -> Call {
    let mut call = Call::new(curious());
    call.hear("I would like to book a cleaning on Tuesday at ten.");
    call.hear("My name is Jane Doe.");
    call.hear("Yes.");
    assert_eq!(last(&call), INSURED, "{:#?}", call.said);
    call
}

fn last(call: &Call) -> &str {
    call.said.iter().rev().find(|said| !said.starts_with("> ")).map_or("", String::as_str)
}

fn is_read_back(call: &Call) -> bool {
    last(call).contains("Jane Doe") && call.booked.is_empty()
}

#[test]
fn they_come_between_the_time_and_the_read_back_once_each() {
    let mut call = asked();
    call.hear("Yes, Delta Dental.");
    assert_eq!(last(&call), FOUND);
    call.hear("A friend told me.");
    assert!(is_read_back(&call), "{:#?}", call.said);
    call.hear("Yes, please.");
    assert_eq!(call.booked.len(), 1, "{:#?}", call.said);
    assert_eq!(call.said.iter().filter(|said| said.contains(INSURED)).count(), 1);
    assert!(!call.said.iter().any(|said| said.contains("Never asked")));
}

#[test]
fn nobody_has_to_answer() {
    for skip in ["I'd rather not say.", "Skip that one, please."] {
        let mut call = asked();
        call.hear(skip);
        assert!(last(&call).contains(FOUND), "{skip}: {:#?}", call.said);
    }
    let mut call = asked();
    call.hear("<silence>");
    assert!(last(&call).contains(FOUND), "{:#?}", call.said);
    call.hear("<noise>");
    assert!(last(&call).contains(FOUND), "once more: {:#?}", call.said);
    call.hear("<noise>");
    assert!(is_read_back(&call), "{:#?}", call.said);
    call.hear("Yes, please.");
    assert_eq!(call.booked.len(), 1, "{:#?}", call.said);
}

#[test]
fn what_was_told_is_not_asked() {
    let mut call = Call::new(curious());
    call.hear("I have insurance with Delta and would like to book a cleaning on Tuesday at ten.");
    call.hear("My name is Jane Doe.");
    call.hear("Yes.");
    assert_eq!(last(&call), FOUND, "{:#?}", call.said);
}

#[test]
fn another_time_and_a_question_come_first() {
    let mut call = asked();
    call.hear("Oh wait, make it Wednesday at eleven instead.");
    assert!(last(&call).contains(INSURED), "the time is another, the question is still open: {:#?}", call.said);
    call.hear("Is there parking?");
    assert!(call.said.iter().any(|said| said.to_lowercase().contains("park")), "{:#?}", call.said);
    assert!(last(&call).contains(INSURED), "{:#?}", call.said);
    call.hear("No.");
    call.hear("On the web.");
    call.hear("Yes, please.");
    assert_eq!(call.booked.len(), 1, "{:#?}", call.said);
}
