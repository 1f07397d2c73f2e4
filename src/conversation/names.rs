//! A caller's name out of free text: introductions dropped, spelled letters joined, never a command word.

/// Most words a name may have.
const MAX_NAME_WORDS: usize = 4;

/// The name in `text`. `asked`: the name was asked for, so that a bare "bob jones" is one.
pub(super) fn find_name(text: &str, asked: bool) -> Option<String> {
    // "Jenny, no wait, Alan Firth": the last one counts.
    let lower = text.to_lowercase();
    let marks = ["no wait", "no, wait", "no sorry", "no, sorry", "sorry, no", "wait, no", "no, actually"];
    let taken_back = marks.iter().filter_map(|m| lower.rfind(m).map(|at| at + m.len())).max();
    let later = taken_back
        .filter(|at| text.get(..*at).is_some_and(|before| name_in(before, asked).is_some()))
        .and_then(|at| text.get(at..))
        .and_then(|rest| name_in(rest, asked));
    later.or_else(|| name_in(text, asked)).or_else(|| if asked { None } else { written_name(text) })
}

/// A name nobody asked for, as the recogniser writes names: "Ann Lee here", "it's for Ann Lee", or nothing else.
fn written_name(text: &str) -> Option<String> {
    let raw: Vec<&str> = text.split_whitespace().collect();
    let bare = |w: &str| w.trim_matches(|c: char| !c.is_alphanumeric()).to_string();
    let plain: Vec<String> = raw.iter().map(|w| bare(w).to_lowercase().replace('’', "'")).collect();
    let proper = |i: usize| {
        let word = bare(raw[i]);
        word.chars().count() > 1
            && word.starts_with(char::is_uppercase)
            && !word.chars().all(char::is_uppercase)
            && !stops_name(&plain[i])
            && !GREETINGS.contains(&plain[i].as_str())
    };
    for start in 0..raw.len().saturating_sub(1) {
        if !(proper(start) && proper(start + 1)) || raw[start].ends_with([',', '.', '?', '!']) {
            continue;
        }
        let mut end = start + 2;
        while end < raw.len() && end - start < MAX_NAME_WORDS && proper(end) && !raw[end - 1].ends_with(',') {
            end += 1;
        }
        let led = start > 0 && LEADS.contains(&plain[start - 1].as_str());
        let first = plain[..start]
            .iter()
            .all(|w| leading_fillers(std::slice::from_ref(w)) == 1 || GREETINGS.contains(&w.as_str()));
        let after = plain.get(end).map_or("", String::as_str);
        let closes = end == raw.len()
            || raw[end - 1].ends_with(',')
            || matches!(after, "speaking" | "here" | "calling" | "for" | "and");
        if led || first && closes {
            return Some(raw[start..end].iter().map(|w| bare(w)).collect::<Vec<_>>().join(" "));
        }
    }
    None
}

/// Before a name nobody asked for.
const LEADS: [&str; 7] = ["for", "under", "it's", "i'm", "am", "is", "name"];
/// Before a name that comes first.
const GREETINGS: [&str; 8] = ["good", "morning", "afternoon", "evening", "hiya", "to", "you", "there"];

/// The name in a text without second thoughts.
fn name_in(text: &str, asked: bool) -> Option<String> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '"'))
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|w| !w.is_empty())
        .collect();
    let lower: Vec<String> = words.iter().map(|w| w.to_lowercase().replace('’', "'")).collect();
    let (words, lower, labelled) = unlabelled(words, lower);
    let (start, introduced) = match (introduction(&lower, asked), labelled) {
        // "Tom and the surname is Bradshaw": what stands before the label is the rest of it.
        ((_, None), Some(at)) => {
            let before = at <= 2 && lower[..at].iter().all(|w| !stops_name(w));
            (if before { 0 } else { at }, Some(Introduction::Sure))
        }
        (found, _) => found,
    };
    let start = match (introduced, asked) {
        (None, false) => return None,
        (None, true) => leading_fillers(&lower),
        (Some(_), _) => start + leading_fillers(&lower[start..]),
    };
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
        let first_name = parts.is_empty() && also_a_name(&lower[at], lower.get(at + 1));
        if stops_name(&lower[at]) && !first_name || proper && !words[at].starts_with(char::is_uppercase) {
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
    let whole_sentence_left = asked
        && introduced.is_none()
        && words.len() - at.min(words.len()) > 4
        && !matches!(lower.get(at).map(String::as_str), Some("and" | "my"));
    (!parts.is_empty() && !whole_sentence_left).then(|| parts.join(" "))
}

/// "first name Maria, last name Lopez" without its labels, and where the first label stood.
fn unlabelled(words: Vec<&str>, lower: Vec<String>) -> (Vec<&str>, Vec<String>, Option<usize>) {
    const LABELS: [&str; 7] =
        ["first name", "last name", "family name", "given name", "second name", "surname", "forename"];
    let mut kept: (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    let mut first = None;
    let mut at = 0;
    while at < lower.len() {
        let and = usize::from(lower[at] == "and");
        let own = lower.get(at + and).is_some_and(|w| w == "my" || w == "the");
        let from = at + and + usize::from(own);
        match LABELS.iter().find(|l| phrase_at(&lower, from, l)) {
            Some(label) => {
                first.get_or_insert(kept.0.len());
                at = from + label.split(' ').count();
                at += usize::from(lower.get(at).is_some_and(|w| w == "is"));
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
fn also_a_name(word: &str, next: Option<&String>) -> bool {
    matches!(word, "will" | "hope") && next.is_some_and(|n| !stops_name(n))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Introduction {
    Sure,
    Loose,
}

/// Where the name begins after the last introduction.
fn introduction(words: &[String], asked: bool) -> (usize, Option<Introduction>) {
    const SURE: [&str; 17] = [
        "i am call",
        "i am called",
        "i'm called",
        "my name is",
        "my name's",
        "the name is",
        "the name's",
        "name is",
        "names",
        "my name",
        "my full name is",
        "call me",
        "under the name",
        "under the name of",
        "last name is",
        "first name is",
        "name would be",
    ];
    const LOOSE: [&str; 14] = [
        "this is",
        "under",
        "out to",
        "it as",
        "name to",
        "it's",
        "its",
        "i'm",
        "i am",
        "it is",
        "that's",
        "that is",
        "that would be",
        "for",
    ];
    let ends = |phrases: &[&str]| {
        (0..words.len())
            .flat_map(|at| {
                phrases.iter().filter(move |p| phrase_at(words, at, p)).map(move |p| at + p.split(' ').count())
            })
            .max()
    };
    match ends(&SURE) {
        Some(end) => (end, Some(Introduction::Sure)),
        None => {
            let loose = if asked { &LOOSE[..] } else { &LOOSE[..1] };
            let loose: Vec<&str> = loose.iter().copied().chain(if asked { None } else { Some("here is") }).collect();
            ends(&loose).map_or((0, None), |end| (end, Some(Introduction::Loose)))
        }
    }
}

fn phrase_at(words: &[String], at: usize, phrase: &str) -> bool {
    phrase.split(' ').enumerate().all(|(i, w)| words.get(at + i).is_some_and(|x| x == w))
}

fn leading_fillers(words: &[String]) -> usize {
    const FILLERS: [&str; 64] = [
        "husband's",
        "wife's",
        "mother's",
        "father's",
        "son's",
        "daughter's",
        "spelled",
        "spelt",
        "hah",
        "haha",
        "ha",
        "kidding",
        "just",
        "my",
        "son",
        "daughter",
        "wife",
        "husband",
        "mother",
        "father",
        "mom",
        "mum",
        "dad",
        "partner",
        "mr",
        "mrs",
        "ms",
        "miss",
        "mister",
        "doctor",
        "dr",
        "under",
        "for",
        "name",
        "put",
        "me",
        "down",
        "that's",
        "um",
        "uh",
        "er",
        "erm",
        "yes",
        "yeah",
        "yep",
        "sure",
        "okay",
        "ok",
        "oh",
        "well",
        "so",
        "hi",
        "hello",
        "no",
        "sorry",
        "of",
        "course",
        "certainly",
        "actually",
        "it's",
        "please",
        "and",
        "the",
        "hey",
    ];
    words.iter().take_while(|w| FILLERS.contains(&w.as_str())).count()
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

/// Words no name contains, and with which a name ends.
fn stops_name(word: &str) -> bool {
    const STOP: &str = " a about actually address afternoon again all already am an and any anything appointment are as ask at \
        available back bad be because been before best better book booking bye call called caller calling calls can can't cancel \
        change come correct could date day did do does doesn't don't english er evening fine for friday from get give go \
        going good goodbye got great had has have having hear hello help her here hers hey hi him his hold hope hour hours how hm \
        i i'd i'll i'm i've if in into is isn't it it's its just keep know last later leave let like lock ring indeed little location looking lot \
        make maybe me mean message minute miss mister moment monday month more morning mr mrs ms much my name names need never new \
        next no nobody none nope not nothing now number of off office oh ok okay on one only open or other our out over pardon \
        people perfect person phone please problem question quite ready real really repeat reschedule right robot same say saturday \
        say see service she should sir so some somebody someone something soon sorry speak speaking spell spelled spelling stop \
        sunday sure talk tell thank thanks that that's the their them then there these they thing think this those though thursday \
        time to today tomorrow too try tuesday um uh under up us use very visit wait wanna want was way we wednesday week well were \
        what what's when where which who why will wish with work would wrong yeah yep yes yet you you're your yours zero mhm huh first second third fourth fifth whatever whichever either neither both great good thats its booked \
        hang mine moment second sec bear grab check give gave same last told tell already rather prefer idea think guess let's instead actually \
        possible today's tonight noon midnight half quarter clock o'clock i's cool nice lovely wonderful awesome absolutely exactly ";
    word.chars().any(|c| c.is_ascii_digit())
        || STOP.contains(&format!(" {word} "))
        || super::numbers::unit(word).is_some_and(|n| n != 1)
        || super::numbers::tens(word).is_some()
        || !word.chars().any(char::is_alphabetic)
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
            assert_eq!(find_name(text, true).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn names_not_asked_for_need_an_introduction() {
        assert_eq!(find_name("Hi, this is Anna Smith, I'd like a massage", false).as_deref(), Some("Anna Smith"));
        assert_eq!(find_name("my name is bob and I need an oil change", false).as_deref(), Some("Bob"));
        assert_eq!(find_name("this is about my car", false), None);
        assert_eq!(find_name("I'd like a massage", false), None);
    }
}
