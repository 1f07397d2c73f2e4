//! How promising the other side is, with the reasons.

use super::extract::Reading;
use super::schema::{Citation, Claim, Extraction, Finding, Lead, Urgency};
use super::sentences::Sentence;

/// A score of wishes, commitments and objections; unknown where the errand is another.
pub(super) fn lead(reading: &Reading, found: &Extraction) -> Finding<Lead> {
    let Some(intent) = found.intent.claim() else { return Finding::UNKNOWN };
    let meeting = reading.setting.kind == super::setting::ConversationKind::Meeting;
    let Some((_, base)) =
        BASES.iter().find(|(name, _)| *name == format!("{}{}", if meeting { "meet_" } else { "" }, intent.value))
    else {
        return Finding::UNKNOWN;
    };
    let mut score =
        Score { points: *base, reasons: vec![format!("{base} {}", intent.value)], cited: intent.citations.clone() };
    if meeting {
        score.commitments(reading);
        score.objections(found);
    } else if found.urgency.value().is_some_and(|u| *u >= Urgency::High) {
        score.add(5, "wants it soon", found.urgency.claim().map_or(&[], |c| &c.citations[..]));
    }
    let value = Lead { score: score.points.clamp(0, 100).unsigned_abs().min(100) as u8, reasons: score.reasons };
    Finding::Known(Claim::new(value, SAID, score.cited))
}

/// Points and what they stand on.
struct Score {
    points: i32,
    reasons: Vec<String>,
    cited: Vec<Citation>,
}

impl Score {
    fn add(&mut self, points: i32, why: &str, cited: &[Citation]) {
        self.points += points;
        self.reasons.push(format!("{points:+} {why}"));
        self.cited.extend(cited.iter().filter(|c| !self.cited.contains(c)).cloned().collect::<Vec<_>>());
    }

    fn commitments(&mut self, reading: &Reading) {
        let said = |cue: &str| {
            reading.theirs().find(|s: &&Sentence| reading.lexicon.meant(cue, s).is_some() && !s.starts(&["if"]))
        };
        for (cue, points, why) in [("buys", 15, "commits to buying"), ("budget", 5, "speaks of a budget")] {
            if let Some(sentence) = said(cue) {
                self.add(points, why, &[sentence.cite()]);
            }
        }
        if let Some(sentence) = said("declines") {
            self.add(-40, "declines", &[sentence.cite()]);
        }
    }

    fn objections(&mut self, found: &Extraction) {
        for objection in found.objections.iter().take(3) {
            let points = if objection.value.category == "competitor" { -10 } else { -5 };
            self.add(points, &format!("objects: {}", objection.value.category), &objection.citations);
        }
    }
}

/// Where a score begins.
const BASES: [(&str, i32); 8] = [
    ("book", 80),
    ("question", 50),
    ("sales_pitch", 5),
    ("meet_evaluate", 55),
    ("meet_buy", 65),
    ("meet_renew", 80),
    ("meet_expand", 80),
    ("meet_cancel", 15),
];
/// Confidence in a score by rule.
const SAID: f32 = 0.7;
