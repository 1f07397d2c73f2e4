//! Figures for README: what a real model makes of the sentences no grammar has. Run by `bench/model.sh`.

use std::time::{Duration, Instant};

use offhook::conversation::{Event, Language, templates};
use offhook::interpreter::{Model, Settings};

use crate::real_model::Llama;
use crate::shops::dental;
use crate::stage::Call;

/// What became of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    /// The caller hears what they should.
    Right,
    /// The caller hears something else.
    Wrong,
    /// The caller is asked again, as without a model.
    Dropped,
    /// Something was done that must not be.
    Done,
}

/// One turn with the model, and how long it took.
async fn turn(model: &Model, before: &[&str], said: &str, want: &str) -> (Outcome, Duration) {
    let mut call = Call::new(dental());
    call.conversation = call.conversation.with_model();
    let mut call = call.says(before);
    call.hear(said);
    let (request, utterance) = call.unread.last().cloned().expect("the grammar does not read it");
    let begun = Instant::now();
    let proposal = model.interpret(&utterance).await;
    let took = begun.elapsed();
    let shown = format!("{proposal:?}");
    call.event(Event::Interpreted { request, proposal });
    let unaided = Call::new(dental()).says(before).says(&[said]);
    let outcome = if !call.attempts.is_empty() || !call.writes.is_empty() || call.hung_up.is_some() {
        Outcome::Done
    } else if call.said == unaided.said {
        Outcome::Dropped
    } else if want.split('|').any(|words| call.last().contains(words)) {
        Outcome::Right
    } else {
        Outcome::Wrong
    };
    println!("{outcome:?}\t{said}\t{shown}\t{}", call.last());
    (outcome, took)
}

#[tokio::test]
#[ignore = "a figure, not a test: bench/model.sh"]
async fn figures() {
    let theirs = std::env::var("MODEL_URL").ok();
    let ours = theirs.is_none().then(Llama::start);
    let url = theirs.or(ours.as_ref().map(Llama::url)).unwrap_or_default();
    let model = std::env::var("MODEL").unwrap_or_else(|_| "smollm2".into());
    let model = Model::new(Settings { url, model, api_key: None, deadline: GENEROUS }).expect("usable settings");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/talk/interpreting.tsv");
    let table = std::fs::read_to_string(file).expect("it lies there");
    let mut told = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let [state, said, _, want] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("four columns: {line}") };
        told.push(turn(&model, crate::turns::before(state), said, want).await);
    }
    let count = |outcome| told.iter().filter(|(told, _)| *told == outcome).count();
    // The first question is a cold one.
    let mut took: Vec<u128> = told.iter().skip(1).map(|(_, took)| took.as_millis()).collect();
    took.sort_unstable();
    println!(
        "{} turns: {} right, {} wrong, {} dropped, {} acted on; first answer {} ms, then p50 {} ms, p95 {} ms",
        told.len(),
        count(Outcome::Right),
        count(Outcome::Wrong),
        count(Outcome::Dropped),
        count(Outcome::Done),
        told[0].1.as_millis(),
        took[took.len() / 2],
        took[took.len() * 95 / 100],
    );
    rephrased(&model).await;
}

/// How many wordings offered for prompts are kept.
async fn rephrased(model: &Model) {
    let (mut asked, mut kept) = (0, 0);
    for template in templates(Language::English) {
        asked += 1;
        if let Ok(Some(wording)) = model.rephrase(&template).await {
            println!("{}\t{wording}", template.wording);
            kept += 1;
        }
    }
    println!("{asked} prompts put in other words, {kept} of them kept");
}

/// The figure tells how long it takes; the deadline of a call is shorter.
const GENEROUS: Duration = Duration::from_secs(60);
