//! A person asked for by name: "with Dr. Lee".

use rphonetic::DoubleMetaphone;

use super::capacity::Staff;
use super::conversation::Conversation;
use super::hearing::Turn;
use super::words::Words;

/// How far behind "with" a name may begin, words.
const REACH: usize = 3;
/// Letters two spellings of a name must share.
const ALIKE: f64 = 0.8;
/// Shorter names are alike in sound by chance.
const SOUND_LETTERS: usize = 3;
/// Behind "doctor" two are enough.
const TITLED_LETTERS: usize = 2;
/// What a person is asked for with.
const MARKS: [&str; 13] =
    ["with", "con", "doctora", "dra", "see", "by", "doctor", "dr", "mr", "mrs", "ms", "miss", "mister"];
const TITLES: [&str; 9] = ["doctor", "doctora", "dra", "dr", "mr", "mrs", "ms", "miss", "mister"];
/// Anybody will do.
const ANYBODY: [&str; 7] =
    ["anyone", "anybody", "whoever", "doesnt matter who", "dont mind who", "dont care who", "either of them"];

impl Conversation {
    /// Takes the person asked for; true when that is news.
    pub(super) fn take_staff(&mut self, turn: &Turn) -> bool {
        let staff = &self.business.capacity.staff;
        if staff.is_empty() {
            return false;
        }
        let wanted = match named(&turn.words, staff) {
            Some(one) => Some(staff[one].name.clone()),
            None if self.draft.staff.is_some() && turn.words.has_any(&ANYBODY) => None,
            None => return false,
        };
        if wanted == self.draft.staff {
            return false;
        }
        self.draft.staff = wanted;
        // Somebody else's free times are others.
        self.draft.slot = None;
        self.draft.offered.clear();
        true
    }

    /// Somebody who does not do the service is not waited for.
    pub(super) fn mind_skills(&mut self) {
        let (Some(name), Some(service)) = (self.draft.staff.clone(), self.draft.service) else { return };
        let Some(service) = self.business.services.get(service).map(|service| service.id.clone()) else { return };
        if self.business.capacity.staff.iter().any(|one| one.name == name && !one.does(&service)) {
            self.draft.staff = None;
            self.say("staff_other", &[("staff", &name)]);
        }
    }

    /// "a cleaning", or "a cleaning with Dr. Lee".
    pub(super) fn with_staff(&mut self, a_service: String) -> String {
        match self.draft.staff.clone() {
            Some(staff) => {
                let business = self.business.clone();
                self.prompts.say("with_staff", &business, &[("a_service", &a_service), ("staff", &staff)])
            }
            None => a_service,
        }
    }
}

/// The one of the staff whom the words ask for; none when nobody, or more than one could be meant.
fn named(words: &Words, staff: &[Staff]) -> Option<usize> {
    let marked = (0..words.len()).filter(|at| MARKS.contains(&words.word(*at)));
    // Right behind a title it is a name, however short.
    let said = marked.flat_map(|at| {
        let titled = TITLES.contains(&words.word(at));
        (at + 1..=at + REACH).map(move |i| (words.word(i), titled && i == at + 1))
    });
    let said: Vec<(&str, bool)> = said.collect();
    let scored = |part: fn(&str, &str, bool) -> bool| -> Vec<usize> {
        let fits = |one: &Staff| names(one).any(|name| said.iter().any(|(word, titled)| part(word, &name, *titled)));
        staff.iter().enumerate().filter(|(_, one)| fits(one)).map(|(n, _)| n).collect()
    };
    // As it is written, else as it sounds.
    let exact = scored(|said, name, _| said == name);
    let found = if exact.is_empty() { scored(alike) } else { exact };
    match found.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

/// First and last name, without a title.
fn names(one: &Staff) -> impl Iterator<Item = String> {
    let parts = one.name.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    parts.filter(|part| part.chars().count() > 1 && !MARKS.contains(&part.as_str())).collect::<Vec<_>>().into_iter()
}

fn alike(said: &str, name: &str, titled: bool) -> bool {
    let letters = said.chars().count().min(name.chars().count());
    let long = letters >= if titled { TITLED_LETTERS } else { SOUND_LETTERS };
    let sounds = said.is_ascii() && name.is_ascii() && said.as_bytes().first() == name.as_bytes().first() && {
        DoubleMetaphone::new(Some(8)).is_double_metaphone_equal(said, name, false)
    };
    long && !MARKS.contains(&said) && (sounds || strsim::normalized_damerau_levenshtein(said, name) >= ALIKE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staff(names: &[&str]) -> Vec<Staff> {
        names.iter().map(|name| Staff { name: (*name).into(), services: Vec::new(), hours: None }).collect()
    }

    #[test]
    fn people_are_found_by_name_and_by_sound() {
        let team = staff(&["Dr. Lee", "Dr. Catherine Patel", "Maria Schmidt"]);
        for (text, want) in [
            ("a cleaning with Dr. Lee on Tuesday", Some(0)),
            ("can I see doctor Li", Some(0)),
            ("with Kathryn please", None),
            ("I'd like to see Catharine", Some(1)),
            ("with Dr. Patell", Some(1)),
            ("with Maria", Some(2)),
            ("my name is Maria Schmidt", None),
            ("with my daughter", None),
            ("see you on Monday", None),
        ] {
            assert_eq!(named(&Words::new(text), &team), want, "{text}");
        }
    }
}
