//! Named parts of the day: "first thing", "after lunch", "the afternoon".

use jiff::civil::Time;

use super::mentions::refused;
use super::times::{Half, TimeWish};
use super::words::Words;

/// A part of the day that was said.
pub(super) struct Part {
    /// When it is.
    pub(super) wish: TimeWish,
    /// The half of the day that hours said with it belong to.
    pub(super) half: Option<Half>,
}

/// The part of the day in `words`, its tokens marked in `used`.
pub(super) fn find_part(words: &Words, used: &mut [bool]) -> Option<Part> {
    let parts = parts_of_day();
    let mut found: Option<(usize, Part)> = None;
    for at in 0..words.len() {
        let Some((phrase, wish, half)) = parts.iter().find(|(p, _, _)| words.starts(at, p)) else { continue };
        let length = phrase.split(' ').count();
        // "Morning, it's ..." greets too.
        let next = words.word(at + 1);
        let greets = at == 0
            && matches!(*phrase, "morning" | "afternoon" | "evening")
            && words.len() > GREETING_WORDS
            && GREETED.contains(&next);
        if greets {
            used[at] = true;
            continue;
        }
        // "good morning" is a greeting; a part already read within a longer one is not read again.
        if phrase.starts_with("good ")
            || words.before(at) == "the" && at > 1 && words.word(at - 2) == "know"
            || at > 0 && words.starts(at - 1, "good")
            || found.as_ref().is_some_and(|(end, _)| at < *end)
        {
            continue;
        }
        let refused = refused(words, at, length);
        let wish = match (refused, half) {
            (true, Some(Half::Am)) => span((12, 0), (23, 0)),
            (true, Some(_)) => span((0, 0), (12, 0)),
            _ => wish.clone(),
        };
        let half = if refused { None } else { *half };
        for flag in &mut used[at..at + length] {
            *flag = true;
        }
        // "anytime in the afternoon": the narrower one wins.
        if found.as_ref().is_none_or(|(_, p)| wish != TimeWish::Any || p.wish == TimeWish::Any) {
            found = Some((at + length, Part { wish, half }));
        }
    }
    found.map(|(_, part)| part)
}

/// From so many words on "morning" may only greet.
const GREETING_WORDS: usize = 4;
/// What follows a "morning" that greets.
const GREETED: [&str; 27] = [
    "its", "im", "this", "my", "can", "could", "id", "hi", "hello", "love", "mate", "i", "ive", "we", "weve", "were",
    "just", "do", "what", "how", "is", "are", "have", "there", "all", "sir", "thats",
];

/// Phrases for parts of the day, longest first where one holds another.
fn parts_of_day() -> Vec<(&'static str, TimeWish, Option<Half>)> {
    vec![
        ("first thing", TimeWish::FirstThing, Some(Half::Am)),
        ("when you open", TimeWish::FirstThing, None),
        ("start of the day", TimeWish::FirstThing, Some(Half::Am)),
        ("beginning of the day", TimeWish::FirstThing, Some(Half::Am)),
        ("end of the day", TimeWish::EndOfDay, Some(Half::Pm)),
        ("end of day", TimeWish::EndOfDay, Some(Half::Pm)),
        ("before you close", TimeWish::EndOfDay, Some(Half::Pm)),
        ("late in the day", TimeWish::EndOfDay, Some(Half::Pm)),
        ("last appointment", TimeWish::EndOfDay, Some(Half::Pm)),
        ("late in the afternoon", span((15, 30), (19, 0)), Some(Half::Pm)),
        ("late afternoon", span((15, 30), (19, 0)), Some(Half::Pm)),
        ("later in the afternoon", span((15, 30), (19, 0)), Some(Half::Pm)),
        ("early in the afternoon", span((12, 0), (14, 30)), Some(Half::Pm)),
        ("early afternoon", span((12, 0), (14, 30)), Some(Half::Pm)),
        ("mid afternoon", span((14, 0), (16, 0)), Some(Half::Pm)),
        ("late morning", span((10, 30), (12, 0)), Some(Half::Am)),
        ("mid morning", span((9, 30), (11, 0)), Some(Half::Am)),
        ("early morning", span((0, 0), (10, 0)), Some(Half::Am)),
        ("early in the morning", span((0, 0), (10, 0)), Some(Half::Am)),
        ("good morning", TimeWish::Any, None),
        ("good afternoon", TimeWish::Any, None),
        ("good evening", TimeWish::Any, None),
        ("after lunch", span((13, 0), (18, 0)), None),
        ("before lunch", span((0, 0), (12, 0)), None),
        ("lunch break", span((12, 0), (14, 0)), None),
        ("lunch time", span((12, 0), (14, 0)), None),
        ("lunchtime", span((12, 0), (14, 0)), None),
        ("over lunch", span((12, 0), (14, 0)), None),
        ("after work", span((17, 0), (23, 0)), Some(Half::Pm)),
        ("after school", span((15, 30), (20, 0)), Some(Half::Pm)),
        ("morning", span((0, 0), (12, 0)), Some(Half::Am)),
        ("mornings", span((0, 0), (12, 0)), Some(Half::Am)),
        ("afternoon", span((12, 0), (18, 0)), Some(Half::Pm)),
        ("afternoons", span((12, 0), (18, 0)), Some(Half::Pm)),
        ("evening", span((17, 0), (23, 0)), Some(Half::Pm)),
        ("evenings", span((17, 0), (23, 0)), Some(Half::Pm)),
        ("tonight", span((17, 0), (23, 0)), Some(Half::Pm)),
        ("any time", TimeWish::Any, None),
        ("anytime", TimeWish::Any, None),
        ("whenever", TimeWish::Any, None),
        ("whenevers", TimeWish::Any, None),
        ("whatever time", TimeWish::Any, None),
        ("all day", TimeWish::Any, None),
    ]
}

fn span(from: (i8, i8), to: (i8, i8)) -> TimeWish {
    TimeWish::Part(Time::constant(from.0, from.1, 0, 0), Time::constant(to.0, to.1, 0, 0))
}
