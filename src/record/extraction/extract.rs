//! From a conversation to everything that is read out of it.

use sha2::{Digest, Sha256};

use super::super::transcript::Heard;
use super::answers::answers;
use super::changes::changes;
use super::intent::intent;
use super::lead::lead;
use super::lexicon::Lexicon;
use super::objections::{competitors, objections};
use super::people::stakeholders;
use super::quotes::quotes;
use super::schema::{Extraction, Finding, SCHEMA_VERSION, Summary};
use super::sentences::{Sentence, sentences};
use super::sentiment::overall;
use super::setting::Setting;
use super::steps::{next_steps, tasks};
use super::summary::summary;
use super::urgency::urgency;

/// One reading: the conversation in sentences, and how to read it.
pub(super) struct Reading<'a> {
    /// As it was heard.
    pub(super) heard: &'a Heard,
    /// In order.
    pub(super) sentences: Vec<Sentence<'a>>,
    /// Word lists of its language.
    pub(super) lexicon: &'static Lexicon,
    /// What was told about it.
    pub(super) setting: &'a Setting<'a>,
}

impl<'a> Reading<'a> {
    /// What the other side says.
    pub(super) fn theirs(&self) -> impl Iterator<Item = &Sentence<'a>> {
        self.sentences.iter().filter(|s| s.theirs)
    }

    /// What the business's own side says.
    pub(super) fn ours(&self) -> impl Iterator<Item = &Sentence<'a>> {
        self.sentences.iter().filter(|s| !s.theirs)
    }
}

/// Reads a conversation. The same words always give the same answer.
pub fn extract(heard: &Heard, setting: &Setting) -> Extraction {
    let lexicon = Lexicon::of(setting.language);
    let reading = Reading { heard, sentences: sentences(heard, setting.competitors), lexicon, setting };
    let intent = intent(&reading);
    let pitched = intent.value().is_some_and(|i| i == "sales_pitch");
    let mut extraction = Extraction {
        schema_version: SCHEMA_VERSION,
        rules: RULES.to_owned(),
        kind: setting.kind,
        language: setting.language.tag().to_owned(),
        transcript_hash: hash(heard),
        summary: Summary::default(),
        key_quotes: quotes(&reading),
        urgency: if pitched { Finding::UNKNOWN } else { urgency(&reading) },
        sentiment: overall(&reading, pitched),
        intent,
        lead_score: Finding::UNKNOWN,
        answers: answers(&reading),
        next_steps: next_steps(&reading),
        objections: objections(&reading),
        stakeholders: stakeholders(&reading),
        competitors: competitors(&reading),
        tasks: tasks(&reading),
        proposed_changes: Vec::new(),
    };
    extraction.lead_score = lead(&reading, &extraction);
    extraction.summary = summary(&reading, &extraction);
    extraction.proposed_changes = changes(&reading, &extraction);
    extraction
}

/// Speakers, times and words, so that a reader can show that nobody changed them afterwards.
fn hash(heard: &Heard) -> String {
    let mut hash = Sha256::new();
    for line in &heard.lines {
        hash.update(format!("{}\t{}\t{}\t{}\n", line.speaker, line.start_ms, line.end_ms, line.text));
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Goes up with every change of rules or word lists.
const RULES: &str = "rules/1";
