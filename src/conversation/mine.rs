//! Whether the caller speaks of an appointment there is, and what is to become of it.

use super::lexicon::ENGLISH;
use super::relative::leaning;
use super::services::find_services;
use super::step::Wanted;
use super::times::Ear;
use super::when::{At, Wish};
use super::words::Words;

/// How far before "appointment" a "my" still belongs to it, words.
const OWN_REACH: usize = 3;

/// How far after "not" a "come" is still refused, words.
const ABSENT_REACH: usize = 4;

/// "Could we move Tuesday's appointment", "push me to Friday", "Friday instead of Thursday": a change of something
/// there is, in whatever order.
pub(super) fn changes_appointment(words: &Words, at: &At) -> bool {
    let lexicon = &*ENGLISH;
    let another = lexicon.means("another_time", words);
    let change = another || lexicon.means("change_verb", words) || lexicon.means("cancels", words);
    let there = lexicon.means("appointment_there", words) && !words.has_any(&["an appointment", "another appointment"]);
    let own = owned(words) || lexicon.means("mine", words);
    let moved = change || lexicon.means("moves", words) || lexicon.means("withdraws", words);
    there && change
        || there_and_otherwise(words, at)
        || unneeded(words, at)
        || own && moved
        || lexicon.means("appointment_there", words) && lexicon.means("withdraws", words)
        || lexicon.means("me_moved", words)
        || instead(words, at).is_some()
        || changes_service(words, another, at)
}

/// "My cleaning needs a different time", "I have a cleaning on Monday, can it go to Friday": the appointment by its
/// service. "Change my tyres" is none.
fn changes_service(words: &Words, another: bool, at: &At) -> bool {
    let lexicon = &*ENGLISH;
    if find_services(words, &at.business.services).is_empty() {
        return false;
    }
    let away = another || lexicon.means("cannot_come", words);
    let had = lexicon.means("has_one", words);
    let moves = lexicon.means("moves", words) || words.has("instead");
    words.has("my") && (away || absent(words)) || had && moves && !Wish::read(words, at, Ear::Open).is_empty()
}

/// "She has a fitting on Monday and we need to make it later", "you're meant to be coming Friday, could you come the week
/// after instead": one there is, and the wish for another time.
fn there_and_otherwise(words: &Words, at: &At) -> bool {
    let lexicon = &*ENGLISH;
    let due = lexicon.means("is_due", words);
    let otherwise = lexicon.means("otherwise", words) || lexicon.means("moves", words);
    (due || names_appointment(words, at) && lexicon.means("has_one", words))
        && otherwise
        && (had_and_asked(words, at).is_some() || shifted(words, at))
}

/// "Two days sooner", "an hour later": another time, told by the one there is.
fn shifted(words: &Words, at: &At) -> bool {
    words.has_any(&["sooner", "earlier", "later"]) && !leaning(words, at.now.datetime()).is_empty()
}

/// "I won't be needing those photos after all".
pub(super) fn unneeded(words: &Words, at: &At) -> bool {
    let lexicon = &*ENGLISH;
    let off =
        lexicon.means("unneeded", words) || lexicon.means("not_needed", words) && lexicon.means("any_more", words);
    off && !lexicon.means("book_sure", &words.without_fillers().part(0, 3)) && names_appointment(words, at)
}

/// "The appointment", "the cleaning".
pub(super) fn names_appointment(words: &Words, at: &At) -> bool {
    ENGLISH.means("appointment_there", words) || !find_services(words, &at.business.services).is_empty()
}

/// "What time's the sweep coming": asks for the time of one there is.
pub(super) fn asks_when(words: &Words) -> bool {
    let lexicon = &*ENGLISH;
    let coming = |from: usize| {
        let rest = words.part(from, from + WHEN_REACH);
        lexicon.means("is_coming", &rest) && !lexicon.means("if_booked", &rest)
    };
    (0..words.len()).any(|at| lexicon.length_at("asks_when", words, at).is_some_and(|length| coming(at + length)))
}

/// How far after "what time is" the coming is said, words.
const WHEN_REACH: usize = 8;

/// The time of the one there is, and the one asked for in the same breath.
fn had_and_asked(words: &Words, at: &At) -> Option<(Wish, Wish)> {
    let has = ["has_one", "is_due"].iter().flat_map(|of| ENGLISH.marked(of, words).iter().position(|m| *m)).min()?;
    let asked = (has + 1..words.len()).filter(|i| ENGLISH.length_at("asks_change", words, *i).is_some());
    let read = |from: usize, to: usize| Wish::read(&words.part(from, to), at, Ear::Expecting);
    asked.map(|mark| (read(0, mark), read(mark, words.len()))).find(|(old, new)| !old.is_empty() && !new.is_empty())
}

/// "I'd best not come in", "won't be able to be there", "can't come after all".
fn absent(words: &Words) -> bool {
    let stays = |at: usize| {
        (at + 1..=at + ABSENT_REACH)
            .any(|i| words.starts(i, "come") || words.starts(i, "be there") || words.starts(i, "make it"))
    };
    (0..words.len()).any(|at| matches!(words.word(at), "not" | "wont" | "cant" | "cannot") && stays(at))
}

/// "My Wednesday appointment", "one of our visits".
fn owned(words: &Words) -> bool {
    let there = ENGLISH.marked("appointment_there", words);
    let near = |at: usize| (at.saturating_sub(OWN_REACH)..at).any(|i| matches!(words.word(i), "my" | "our"));
    (0..words.len()).any(|at| there[at] && near(at))
}

/// What the caller wants done with an appointment.
pub(super) fn wanted(words: &Words, at: &At) -> Wanted {
    let lexicon = &*ENGLISH;
    let cancels = lexicon.means("cancels", words) || lexicon.means("withdraws", words) || unneeded(words, at);
    // "I won't make it" moves nothing, whatever its verb says elsewhere.
    let absent = lexicon.means("cannot_come_verb", words);
    match (cancels, lexicon.means("moves", words) || lexicon.means("another_time", words) || words.has("instead")) {
        (true, false) => Wanted::Cancelled,
        (true, true) if absent => Wanted::Cancelled,
        (_, true) if !absent || lexicon.means("change_verb", words) => Wanted::Moved,
        _ if had_and_asked(words, at).is_some() || shifted(words, at) => Wanted::Moved,
        _ if !old_and_new(words, at).1.is_empty() || lexicon.means("better", words) => Wanted::Moved,
        _ => Wanted::Either,
    }
}

/// "Move it from Tuesday to Friday": the time it is at, and the time it is to be at.
pub(super) fn old_and_new(words: &Words, at: &At) -> (Wish, Wish) {
    if let Some(both) = instead(words, at) {
        return both;
    }
    if let Some(both) = had_and_asked(words, at) {
        return both;
    }
    if let Some(both) = other_day(words, at) {
        return both;
    }
    let verb = ENGLISH.marked("moves", words).iter().position(|m| *m).unwrap_or(words.len());
    for to in verb..words.len() {
        if !matches!(words.word(to), "to" | "onto" | "till" | "until" | "into") {
            continue;
        }
        let end = (to..words.len()).find(|i| words.word(*i) == "from").unwrap_or(words.len());
        let new = Wish::read(&words.part(to + 1, end), at, Ear::Expecting);
        if !new.is_empty() {
            return (Wish::read(&words.part(0, to), at, Ear::Open), new);
        }
    }
    (Wish::read(words, at, Ear::Open), Wish::default())
}

/// "I have Tuesday, could I come Thursday instead": the day said with "instead" is the new one.
fn other_day(words: &Words, at: &At) -> Option<(Wish, Wish)> {
    let mark = words.find("instead").filter(|mark| words.word(mark + 1) != "of")?;
    let from = mark.saturating_sub(OTHER_DAY_WORDS);
    let new = Wish::read(&words.part(from, words.len()), at, Ear::Expecting);
    let old = Wish::read(&words.part(0, from), at, Ear::Open);
    (new.days.is_some() && !old.is_empty()).then_some((old, new))
}

/// How far before "instead" the new day stands, words.
const OTHER_DAY_WORDS: usize = 3;

/// "Four instead of three", "Friday rather than Wednesday".
fn instead(words: &Words, at: &At) -> Option<(Wish, Wish)> {
    let mark = ["instead of", "rather than"].iter().find_map(|m| words.find(m))?;
    let new = Wish::read(&words.part(0, mark), at, Ear::Expecting);
    let old = Wish::read(&words.part(mark + 2, words.len()), at, Ear::Expecting);
    (!new.is_empty() && !old.is_empty()).then_some((old, new))
}
