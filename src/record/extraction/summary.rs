//! The conversation in a few plain sentences, each of which stands on something found.

use super::extract::Reading;
use super::schema::{Citation, Extraction, Mood, Summary, Urgency};
use super::setting::ConversationKind;

/// Says what is known and nothing else; sensitive answers are left out.
pub(super) fn summary(reading: &Reading, found: &Extraction) -> Summary {
    let mut summary = Writing { reading, text: Vec::new(), citations: Vec::new() };
    summary.opening(found);
    if let Some(urgency) = found.urgency.claim() {
        let key = match urgency.value {
            Urgency::Emergency => "emergency",
            Urgency::High => "high",
            Urgency::Low => "low",
        };
        summary.say(key, &[], &urgency.citations);
    }
    if let Some(text) = told(reading, found) {
        summary.say("answers", &[("answers", &text)], &[]);
    }
    summary.list("objections", found.objections.iter().map(|c| (c.value.category.as_str(), &c.citations[..])));
    summary.list("competitors", found.competitors.iter().map(|c| (c.value.as_str(), &c.citations[..])));
    summary.list("steps", found.next_steps.iter().map(|c| (c.value.trim_end_matches('.'), &c.citations[..])));
    if let Some(mood) = found.sentiment.claim() {
        match mood.value.label {
            Mood::Positive => summary.say("pleased", &[], &mood.citations),
            Mood::Negative => summary.say("displeased", &[], &mood.citations),
            Mood::Neutral => {}
        }
    }
    Summary { text: summary.text.join(" "), citations: summary.citations }
}

/// The answers in words: "seats 40, budget 30000".
fn told(reading: &Reading, found: &Extraction) -> Option<String> {
    let open = |id: &str| reading.setting.questions.iter().any(|q| q.id == id && !q.sensitive);
    let known =
        found.answers.iter().filter(|(id, _)| open(id)).filter_map(|(id, finding)| Some((id, finding.value()?)));
    let words: Vec<String> = known.map(|(id, answer)| format!("{} {}", id.replace('_', " "), answer.words())).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// A summary being written.
struct Writing<'a> {
    reading: &'a Reading<'a>,
    text: Vec<String>,
    citations: Vec<Citation>,
}

impl Writing<'_> {
    fn opening(&mut self, found: &Extraction) {
        let names: Vec<&str> = found.stakeholders.iter().map(|s| s.value.name.as_str()).take(NAMES_MAX).collect();
        let kind = if self.reading.setting.kind == ConversationKind::Meeting { "meeting" } else { "call" };
        let who = if names.is_empty() { self.reading.lexicon.text("somebody", &[]) } else { names.join(", ") };
        let wish = found.intent.value().map(|i| self.reading.lexicon.text(&format!("wish_{i}"), &[]));
        let wish = wish.filter(|w| !w.is_empty()).unwrap_or_else(|| self.reading.lexicon.text("wish_unknown", &[]));
        let cited = found.intent.claim().map_or(&[][..], |c| &c.citations);
        self.say(kind, &[("who", &who), ("wish", &wish)], cited);
    }

    fn say(&mut self, key: &str, holes: &[(&str, &str)], cited: &[Citation]) {
        self.text.push(self.reading.lexicon.text(key, holes));
        let new: Vec<Citation> = cited.iter().filter(|c| !self.citations.contains(c)).cloned().collect();
        self.citations.extend(new);
    }

    fn list<'c>(&mut self, key: &str, items: impl Iterator<Item = (&'c str, &'c [Citation])>) {
        let items: Vec<_> = items.take(ITEMS_MAX).collect();
        if !items.is_empty() {
            let names = items.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("; ");
            let cited: Vec<Citation> = items.iter().flat_map(|(_, cited)| cited.iter().cloned()).collect();
            self.say(key, &[("items", &names)], &cited);
        }
    }
}

/// Names in the first sentence at most.
const NAMES_MAX: usize = 4;
/// Things named per sentence at most.
const ITEMS_MAX: usize = 5;
