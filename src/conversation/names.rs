//! A caller's name out of free text: introductions dropped, spelled letters joined, never a command word.

use super::language::Language;
use super::people::People;

/// Most words a name may have.
const MAX_NAME_WORDS: usize = 4;

/// The name in `text`. `asked`: the name was asked for, so that a bare "bob jones" is one.
pub(super) fn find_name(text: &str, asked: bool, language: Language) -> Option<String> {
    let people = People::of(language);
    // "Jenny, no wait, Alan Firth": the last one counts.
    let lower = text.to_lowercase().replace(',', " ");
    let ends = people.taken_back.iter().filter_map(|mark| lower.rfind(mark.as_str()).map(|at| at + mark.len()));
    let later = ends
        .max()
        .filter(|at| text.get(..*at).is_some_and(|before| people.name_in(before, asked).is_some()))
        .and_then(|at| text.get(at..))
        .and_then(|rest| people.name_in(rest, asked));
    let later = later.or_else(|| people.name_in(text, asked));
    later.or_else(|| if asked { None } else { people.written_name(text) })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Introduction {
    Sure,
    Loose,
}

impl People {
    /// The name in a text without second thoughts.
    fn name_in(&self, text: &str, asked: bool) -> Option<String> {
        let words: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '"'))
            .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()))
            .filter(|w| !w.is_empty())
            .collect();
        let lower: Vec<String> = words.iter().map(|w| w.to_lowercase().replace('’', "'")).collect();
        let (words, lower, labelled) = self.unlabelled(words, lower);
        let (start, introduced) = match (self.introduction(&lower, asked), labelled) {
            // "Tom and the surname is Bradshaw": what stands before the label is the rest of it.
            ((_, None), Some(at)) => {
                let before = at <= 2 && lower[..at].iter().all(|w| !self.stops_name(w));
                (if before { 0 } else { at }, Some(Introduction::Sure))
            }
            (found, _) => found,
        };
        let start = match (introduced, asked) {
            (None, false) => return None,
            (None, true) => self.leading_fillers(&lower),
            (Some(_), _) => start + self.leading_fillers(&lower[start..]),
        };
        if let Some(name) = self.respelled(&words, &lower, asked) {
            return Some(name);
        }
        if let Some(name) = self.spelled_after(&words, &lower, start, asked || introduced.is_some()) {
            return Some(name);
        }
        let start = if asked { start + self.others(&lower[start.min(lower.len())..]) } else { start };
        // "this is ..." without a question is a name only when the recogniser wrote it as one.
        let proper = introduced == Some(Introduction::Loose) && !asked;
        let mut parts: Vec<String> = Vec::new();
        let mut at = start;
        while at < words.len() && parts.len() < MAX_NAME_WORDS {
            if let Some((spelled, used)) = spelled(&lower[at..], asked || introduced.is_some()) {
                take_spelled(&mut parts, spelled);
                at += used;
                continue;
            }
            if let Some((small, used)) = self.particles(&lower, at).filter(|_| !parts.is_empty()) {
                parts.push(small);
                at += used;
                continue;
            }
            let first_name = parts.is_empty() && self.also_a_name(&lower[at], lower.get(at + 1));
            if self.stops_name(&lower[at]) && !first_name || proper && !words[at].starts_with(char::is_uppercase) {
                break;
            }
            let part = capitalised(&lower[at]);
            // "Michael, Michael Brown" is one Michael.
            if parts.last() != Some(&part) {
                parts.push(part);
            }
            at += 1;
        }
        // "Smith. John Smith." says the last name twice.
        if parts.len() >= 3 && parts.first() == parts.last() {
            parts.remove(0);
        }
        let next = lower.get(at);
        let whole_sentence_left = asked
            && introduced.is_none()
            && words.len() - at.min(words.len()) > 4
            && !next.is_some_and(|w| self.goes_on.contains(w));
        (!parts.is_empty() && !whole_sentence_left).then(|| parts.join(" "))
    }

    /// "Anneliese Dombrowski, that's D O M B R O W S K I": what is spelled is part of the name said before.
    fn spelled_after(&self, words: &[&str], lower: &[String], start: usize, asked: bool) -> Option<String> {
        let (letters, _) = spelled(lower.get(start..)?, asked)?;
        let ends = (0..start).rev().find(|i| !self.stops_name(&lower[*i]) && !self.fillers.contains(&lower[*i]))? + 1;
        let said = self.name_in(&words[..ends].join(" "), asked)?;
        let mut parts: Vec<String> = said.split(' ').map(str::to_string).collect();
        let before = parts.len();
        take_spelled(&mut parts, letters);
        // A spelling that is like nothing said is a surname still missing, and no third and fourth name.
        (parts.len() == before || before == 1).then(|| parts.join(" "))
    }

    /// "Sersha Whitlock, Sersha is spelled S A O I R S E": that part of the name, however it sounds.
    fn respelled(&self, words: &[&str], lower: &[String], asked: bool) -> Option<String> {
        let mark = lower.iter().position(|w| matches!(w.as_str(), "spelled" | "spelt"))?;
        let named =
            (0..mark).rev().find(|at| !matches!(lower[*at].as_str(), "is" | "its" | "it's" | "and" | "which"))?;
        let letters = (mark + 1..lower.len().min(mark + 3)).find_map(|at| spelled(&lower[at..], true))?.0;
        let said = self.name_in(&words[..named].join(" "), asked)?;
        let mut parts: Vec<String> = said.split(' ').map(str::to_string).collect();
        let part = parts.iter_mut().find(|part| part.to_lowercase() == lower[named])?;
        *part = capitalised(&letters);
        Some(parts.join(" "))
    }

    /// "For him, so ...": whom it is for is no name.
    fn others(&self, words: &[String]) -> usize {
        let led = words.first().is_some_and(|w| self.pronouns.contains(w));
        match led {
            true => words.iter().take_while(|w| self.pronouns.contains(*w) || self.fillers.contains(*w)).count(),
            false => 0,
        }
    }

    /// A name nobody asked for, as the recogniser writes names: "Ann Lee here", "it's for Ann Lee", or nothing else.
    fn written_name(&self, text: &str) -> Option<String> {
        let raw: Vec<&str> = text.split_whitespace().collect();
        let bare = |w: &str| w.trim_matches(|c: char| !c.is_alphanumeric()).to_string();
        let plain: Vec<String> = raw.iter().map(|w| bare(w).to_lowercase().replace('’', "'")).collect();
        let proper = |i: usize| {
            let word = bare(raw[i]);
            word.chars().count() > 1
                && word.starts_with(char::is_uppercase)
                && !word.chars().all(char::is_uppercase)
                && !self.stops_name(&plain[i])
                && !self.no_names.contains(&plain[i])
                && !self.greetings.contains(&plain[i])
        };
        for start in 0..raw.len().saturating_sub(1) {
            if !(proper(start) && proper(start + 1)) || raw[start].ends_with([',', '.', '?', '!']) {
                continue;
            }
            let mut end = start + 2;
            while end < raw.len() && end - start < MAX_NAME_WORDS && proper(end) && !raw[end - 1].ends_with(',') {
                end += 1;
            }
            let led = start > 0 && self.leads.contains(&plain[start - 1]);
            let first = plain[..start].iter().all(|w| self.fillers.contains(w) || self.greetings.contains(w));
            let closes = end == raw.len()
                || raw[end - 1].ends_with(',')
                || plain.get(end).is_some_and(|after| self.signs_off.contains(after));
            if led || first && closes {
                return Some(raw[start..end].iter().map(|w| bare(w)).collect::<Vec<_>>().join(" "));
            }
        }
        None
    }

    /// "first name Maria, last name Lopez" without its labels, and where the first label stood.
    fn unlabelled<'a>(&self, words: Vec<&'a str>, lower: Vec<String>) -> (Vec<&'a str>, Vec<String>, Option<usize>) {
        let mut kept: (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
        let mut first = None;
        let mut at = 0;
        while at < lower.len() {
            let from =
                (at..at + 2).find(|i| !lower.get(*i).is_some_and(|w| self.before_label.contains(w))).unwrap_or(at + 2);
            match self.labels.iter().find(|l| phrase_at(&lower, from, l)) {
                Some(label) => {
                    first.get_or_insert(kept.0.len());
                    at = from + label.split(' ').count();
                    at += usize::from(lower.get(at) == Some(&self.label_verb));
                }
                None => {
                    kept.0.push(words[at]);
                    kept.1.push(lower[at].clone());
                    at += 1;
                }
            }
        }
        (kept.0, kept.1, first)
    }

    /// "Will Young": a word that ends names begins one when a name follows it.
    fn also_a_name(&self, word: &str, next: Option<&String>) -> bool {
        self.also_names.iter().any(|n| n == word) && next.is_some_and(|n| !self.stops_name(n))
    }

    /// "de la" in "María de la Cruz": as many as stand before another name, as one part.
    fn particles(&self, words: &[String], at: usize) -> Option<(String, usize)> {
        let small = words[at..].iter().take_while(|w| self.particles.contains(w)).count();
        let name = words.get(at + small).filter(|w| small > 0 && !self.stops_name(w))?;
        Some((format!("{} {}", words[at..at + small].join(" "), capitalised(name)), small + 1))
    }

    /// Where the name begins after the last introduction.
    fn introduction(&self, words: &[String], asked: bool) -> (usize, Option<Introduction>) {
        let ends = |phrases: &[String]| {
            (0..words.len())
                .flat_map(|at| {
                    phrases.iter().filter(move |p| phrase_at(words, at, p)).map(move |p| at + p.split(' ').count())
                })
                .max()
        };
        match ends(&self.sure) {
            Some(end) => (end, Some(Introduction::Sure)),
            None => {
                let loose = if asked { &self.loose } else { &self.unasked };
                ends(loose).map_or((0, None), |end| (end, Some(Introduction::Loose)))
            }
        }
    }

    fn leading_fillers(&self, words: &[String]) -> usize {
        words.iter().take_while(|w| self.fillers.contains(*w)).count()
    }

    /// Words no name contains, and with which a name ends.
    fn stops_name(&self, word: &str) -> bool {
        word.chars().any(|c| c.is_ascii_digit())
            || self.stops.contains(word)
            || super::numbers::unit(word).is_some_and(|n| n != 1)
            || super::numbers::tens(word).is_some()
            || !word.chars().any(char::is_alphabetic)
    }
}

fn phrase_at(words: &[String], at: usize, phrase: &str) -> bool {
    phrase.split(' ').enumerate().all(|(i, w)| words.get(at + i).is_some_and(|x| x == w))
}

/// "S M I T H", "S-M-I-T-H", "s. m. i. t. h.": at least two letters; "double t" counts twice.
fn spelled(words: &[String], allowed: bool) -> Option<(String, usize)> {
    let mut letters = String::new();
    let mut at = 0;
    let mut twice = false;
    while allowed && at < words.len() {
        let word = words[at].as_str();
        let hyphened: Vec<&str> = word.split(['-', '.']).collect();
        if word == "double" && words.get(at + 1).is_some_and(|w| w.chars().count() == 1) {
            twice = true;
        } else if matches!(word, "as") && words.get(at + 1).is_some_and(|w| w == "in") && !letters.is_empty() {
            at += 2;
        } else if hyphened.iter().all(|p| p.chars().count() == 1 && p.chars().all(char::is_alphabetic)) {
            for part in hyphened {
                letters.push_str(part);
                if twice {
                    letters.push_str(part);
                }
            }
            twice = false;
        } else {
            break;
        }
        at += 1;
    }
    (letters.chars().count() >= 3).then_some((letters, at))
}

/// A spelling replaces the word it spells, or adds to the name.
fn take_spelled(parts: &mut Vec<String>, spelled: String) {
    let word = capitalised(&spelled);
    let like = |p: &String| strsim::normalized_damerau_levenshtein(&p.to_lowercase(), &spelled) > 0.5;
    match parts.iter().rposition(like) {
        Some(at) => parts[at] = word,
        None => parts.push(word),
    }
}

fn capitalised(word: &str) -> String {
    let mut out = String::new();
    let mut up = true;
    for c in word.chars() {
        if up {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        up = matches!(c, '-' | '\'');
    }
    // "o'brien" is O'Brien, "it's" would not get here.
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_asked_for() {
        for (text, want) in [
            ("My name is Anna Smith.", Some("Anna Smith")),
            ("bob jones", Some("Bob Jones")),
            ("It's Maria Garcia.", Some("Maria Garcia")),
            ("Um, yeah, it's John O'Brien.", Some("John O'Brien")),
            ("John Smith, S-M-I-T-H.", Some("John Smith")),
            ("John Smyth. S M I T H", Some("John Smith")),
            ("This is Anne-Marie Dubois speaking.", Some("Anne-Marie Dubois")),
            ("Sure. My name is Peter and my number is 555", Some("Peter")),
            ("What?", None),
            ("Can you repeat that?", None),
            ("yes", None),
            ("Tuesday", None),
            ("555 2671", None),
            ("I don't want to give my name", None),
            ("", None),
        ] {
            assert_eq!(find_name(text, true, Language::English).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn names_not_asked_for_need_an_introduction() {
        assert_eq!(
            find_name("Hi, this is Anna Smith, I'd like a massage", false, Language::English).as_deref(),
            Some("Anna Smith")
        );
        assert_eq!(
            find_name("my name is bob and I need an oil change", false, Language::English).as_deref(),
            Some("Bob")
        );
        assert_eq!(find_name("this is about my car", false, Language::English), None);
        assert_eq!(find_name("I'd like a massage", false, Language::English), None);
    }

    #[test]
    fn spanish_names() {
        for (text, want) in [
            ("Me llamo María García López.", Some("María García López")),
            ("Soy Juan.", Some("Juan")),
            ("A nombre de Lucía de la Torre, por favor.", Some("Lucía de la Torre")),
            ("Sí, claro, Carmen Ruiz", Some("Carmen Ruiz")),
            ("Mi nombre es Pedro y mi teléfono es el 612", Some("Pedro")),
            ("es josé luis fernández", Some("José Luis Fernández")),
            ("¿Cómo?", None),
            ("el martes", None),
            ("No quiero darlo", None),
        ] {
            assert_eq!(find_name(text, true, Language::Spanish).as_deref(), want, "{text}");
        }
        let open = |text: &str| find_name(text, false, Language::Spanish);
        assert_eq!(open("Buenos días, soy Ana Vega y quería una cita").as_deref(), Some("Ana Vega"));
        assert_eq!(open("soy nueva"), None);
        assert_eq!(open("Quiero una limpieza"), None);
    }
}
