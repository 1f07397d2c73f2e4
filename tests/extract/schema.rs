//! What an extraction may say: words that were said, at their time, in the schema and nothing beside it.

use offhook::conversation::{Language, Question, QuestionKind};
use offhook::record::{Citation, ConversationKind, Extraction, Finding, Heard, SCHEMA_VERSION, Said, Setting, extract};
use proptest::prelude::*;

use crate::labelled::{competitors, half};

/// Every citation, wherever it stands.
fn citations(value: &serde_json::Value, found: &mut Vec<Citation>) {
    match value {
        serde_json::Value::Object(fields) if fields.contains_key("words") && fields.contains_key("start_ms") => {
            found.push(serde_json::from_value(value.clone()).unwrap());
        }
        serde_json::Value::Object(fields) => fields.values().for_each(|v| citations(v, found)),
        serde_json::Value::Array(items) => items.iter().for_each(|v| citations(v, found)),
        _ => {}
    }
}

fn all_said(heard: &Heard, extraction: &Extraction) -> usize {
    let mut found = Vec::new();
    citations(&serde_json::to_value(extraction).unwrap(), &mut found);
    for cited in &found {
        let said = |line: &Said| {
            (line.speaker.as_str(), line.start_ms, line.end_ms)
                == (cited.speaker.as_str(), cited.start_ms, cited.end_ms)
                && line.text.contains(&cited.words)
        };
        assert!(!cited.words.is_empty() && heard.lines.iter().any(said), "nobody said {cited:?}");
    }
    found.len()
}

/// Claims without words under them.
fn bare(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Object(fields) => {
            fields.contains_key("confidence") && fields["citations"].as_array().is_some_and(Vec::is_empty)
                || fields.values().any(bare)
        }
        serde_json::Value::Array(items) => items.iter().any(bare),
        _ => false,
    }
}

#[test]
fn every_citation_was_said_then_by_that_speaker() {
    let competitors = competitors();
    let mut cited = 0;
    for conversation in half("dev").iter().chain(&half("held")) {
        let extraction = conversation.extraction(&competitors);
        cited += all_said(&conversation.heard, &extraction);
        let json = serde_json::to_value(&extraction).unwrap();
        assert!(!bare(&json), "{}: a claim without words: {json:#}", conversation.name);
        assert!(extraction.summary.text.len() > 10, "{}", conversation.name);
        assert_eq!(extraction, conversation.extraction(&competitors), "the same words, the same answer");
        assert_eq!(serde_json::from_value::<Extraction>(json).unwrap(), extraction);
    }
    println!("{cited} citations, all verbatim at their time");
    assert!(cited > 300, "{cited}");
}

#[test]
fn the_schema_is_strict_and_unknown_is_said() {
    let setting = |questions| Setting {
        kind: ConversationKind::Call,
        language: Language::English,
        day: jiff::civil::date(2026, 3, 3),
        questions,
        competitors: &[],
    };
    let asked = [Question { id: "zip".into(), prompt: "What is your ZIP code?".into(), ..Question::default() }];
    let silence = extract(&Heard::default(), &setting(&asked));
    let mut json = serde_json::to_value(&silence).unwrap();
    assert_eq!(json["schema_version"], SCHEMA_VERSION);
    for field in ["intent", "urgency", "sentiment", "lead_score"] {
        assert_eq!(json[field], "unknown");
    }
    assert_eq!(json["answers"]["zip"], "unknown");
    json["surprise"] = 1.into();
    assert!(serde_json::from_value::<Extraction>(json).is_err());
}

#[test]
fn a_sensitive_answer_stays_out_of_the_summary() {
    let line =
        |speaker: &str, text: &str, at| Said { speaker: speaker.into(), text: text.into(), start_ms: at, end_ms: at };
    let lines = vec![line("Agent", "How many wives do you have?", 1), line("Caller", "Seven.", 2)];
    let people =
        vec![offhook::record::Party { name: "Agent".into(), side: offhook::record::Side::Ours, ..Default::default() }];
    let heard = Heard { lines, people };
    for sensitive in [false, true] {
        let prompt = "How many wives do you have?".into();
        let asked =
            [Question { id: "wives".into(), prompt, kind: QuestionKind::Number, sensitive, ..Question::default() }];
        let day = jiff::civil::date(2026, 3, 3);
        let setting = Setting {
            kind: ConversationKind::Call,
            language: Language::English,
            day,
            questions: &asked,
            competitors: &[],
        };
        let found = extract(&heard, &setting);
        assert!(matches!(&found.answers["wives"], Finding::Known(claim) if claim.value.words() == "7"));
        assert_eq!(found.summary.text.contains('7'), !sensitive, "{}", found.summary.text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_said_nothing_falls_over_and_nothing_is_made_up(
        lines in proptest::collection::vec(("(Agent|Caller|Ana Ruíz|)", "([a-zA-Z'$0-9@,.?!ñéü -]{0,40}|(if|not|my|our|CFO|is|budget|twenty|thousand|I'll|send|by|end|of|may|dot|at|com|gmail| )( (send|you|the|a|call|quote|Friday|hundred|million|k|name|is|Bob|at|dot|com|expensive|too|Zendesk)){0,9}[.?!]?)"), 0..12),
        spanish in any::<bool>(), meeting in any::<bool>(),
    ) {
        let at = |(n, (speaker, text)): (usize, (String, String))| {
            Said { speaker, text, start_ms: n as u64 * 1000, end_ms: n as u64 * 1000 + 900 }
        };
        let heard = Heard { lines: lines.into_iter().enumerate().map(at).collect(), people: Vec::new() };
        let competitors = competitors();
        let questions = [QuestionKind::Text, QuestionKind::Number, QuestionKind::Date, QuestionKind::YesNo].map(|kind| {
            let listen_for = vec!["budget".into(), "is".into()];
            Question { id: format!("{kind:?}"), prompt: "What budget".into(), kind, listen_for, ..Question::default() }
        });
        let setting = Setting {
            kind: if meeting { ConversationKind::Meeting } else { ConversationKind::Call },
            language: if spanish { Language::Spanish } else { Language::English },
            day: jiff::civil::date(2026, 12, 31), questions: &questions, competitors: &competitors,
        };
        let found = extract(&heard, &setting);
        all_said(&heard, &found);
        prop_assert!(!bare(&serde_json::to_value(&found).unwrap()));
    }
}
