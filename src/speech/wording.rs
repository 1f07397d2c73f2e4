//! From written text to sentences as they are spoken: times, numbers and abbreviations become words.

/// Whole sentences, each ending in `.`, `?` or `!`, ready for the phonemizer.
pub(super) fn sentences(text: &str) -> Vec<String> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    whole(speak(&words).iter().map(String::as_str))
}

/// Words joined to whole sentences.
pub(super) fn whole<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut current = String::new();
    for word in words {
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
        let full = current.len() > SENTENCE_CHARS_MAX && word.ends_with([',', ';', ':']);
        if word.trim_end_matches(['"', '\'', ')', '”']).ends_with(['.', '?', '!']) || full {
            push(&mut sentences, &mut current);
        }
    }
    push(&mut sentences, &mut current);
    sentences
}

/// A sentence in pieces that can be spoken one after the other, cut behind commas; there is always one.
pub(super) fn pieces(sentence: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut current = String::new();
    let mut rest = sentence.len();
    for word in sentence.split_inclusive(' ') {
        rest = rest.saturating_sub(word.len());
        current.push_str(word);
        let cut = word.trim_end().ends_with([',', ';', ':']);
        if cut && current.len() >= PIECE_CHARS_MIN && rest >= PIECE_CHARS_MIN {
            pieces.push(std::mem::take(&mut current).trim_end().to_owned());
        }
    }
    pieces.push(current);
    pieces
}

/// Clauses of a sentence with the mark that ends each.
pub(super) fn clauses(sentence: &str) -> Vec<(String, char)> {
    let mut clauses = Vec::new();
    let mut current = String::new();
    let mut characters = sentence.chars().peekable();
    while let Some(c) = characters.next() {
        let at_end = characters.peek().is_none_or(|next| next.is_whitespace() || MARKS.contains(*next));
        if MARKS.contains(c) && at_end {
            if current.chars().any(char::is_alphanumeric) {
                clauses.push((current.trim().to_owned(), c));
            }
            current.clear();
        } else {
            current.push(c);
        }
    }
    if current.chars().any(char::is_alphanumeric) {
        clauses.push((current.trim().to_owned(), '.'));
    }
    clauses
}

fn push(sentences: &mut Vec<String>, current: &mut String) {
    let mut sentence = std::mem::take(current);
    if !sentence.chars().any(char::is_alphanumeric) {
        return;
    }
    if !sentence.ends_with(['.', '?', '!']) {
        let kept = sentence.trim_end_matches([',', ';', ':', '"', '\'', ')', '”']).len();
        sentence.truncate(kept);
        if !sentence.ends_with(['.', '?', '!']) {
            sentence.push('.');
        }
    }
    sentences.push(sentence);
}

fn speak(words: &[String]) -> Vec<String> {
    let mut spoken: Vec<String> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (text, used) = number(&words[at..]).unwrap_or_else(|| {
            let word = word(words, at);
            (word, 1)
        });
        spoken.extend(text.split_whitespace().map(str::to_owned));
        at += used;
    }
    spoken
}

/// A written word on its own: abbreviations, times, money, ordinals after a month.
fn word(words: &[String], at: usize) -> String {
    let (core, tail) = split_tail(&words[at]);
    if let Some(half) = half_of_day(core) {
        let after_number = at > 0 && words[at - 1].ends_with(|c: char| c.is_ascii_digit());
        if after_number {
            // The last stop of "a.m." belongs to it; it also ends the sentence when a new one follows.
            let rest = if core.contains('.') { tail.strip_prefix('.').unwrap_or(tail) } else { tail };
            let stop = if rest.is_empty() && core.contains('.') && ends_sentence(words, at) { "." } else { rest };
            return format!("{half}{stop}");
        }
    }
    let whole = &words[at];
    if let Some((_, full)) = TITLES.iter().find(|(short, _)| whole == short) {
        return (*full).to_owned();
    }
    if let Some((_, full)) = PLACES.iter().find(|(short, _)| core == *short) {
        let stop = if ends_sentence(words, at) { tail } else { tail.trim_start_matches('.') };
        return format!("{full}{stop}");
    }
    let half_follows = words.get(at + 1).is_some_and(|next| half_of_day(split_tail(next).0).is_some());
    if let Some(time) = time(core, half_follows) {
        return format!("{time}{tail}");
    }
    if let Some(money) = core.strip_prefix('$').and_then(money) {
        return format!("{money}{tail}");
    }
    if core == "&" {
        return "and".to_owned();
    }
    let day_of_month = at > 0 && MONTHS.contains(&words[at - 1].as_str()) && core.parse::<u32>().is_ok_and(|d| d <= 31);
    if day_of_month { format!("{core}{}{tail}", ordinal_ending(core)) } else { whole.clone() }
}

/// "Harbor St. We" ends a sentence, "Harbor St. in" does not.
fn ends_sentence(words: &[String], at: usize) -> bool {
    words.get(at + 1).is_none_or(|next| next.starts_with(char::is_uppercase))
}

fn split_tail(word: &str) -> (&str, &str) {
    let core = word.trim_end_matches(['.', ',', '?', '!', ';', ':']);
    (core, &word[core.len()..])
}

fn half_of_day(core: &str) -> Option<&'static str> {
    match core.to_ascii_lowercase().as_str() {
        "am" | "a.m" => Some("AM"),
        "pm" | "p.m" => Some("PM"),
        _ => None,
    }
}

/// "2:30" -> "two thirty", "9:00" -> "nine o'clock", "2:05pm" -> "two oh five PM".
fn time(core: &str, half_follows: bool) -> Option<String> {
    let letters = core.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
    let (hour, minute) = core[..core.len() - letters.len()].split_once(':')?;
    let half = if letters.is_empty() { None } else { Some(half_of_day(letters)?) };
    let (hour, value): (usize, usize) = (hour.parse().ok()?, minute.parse().ok()?);
    if hour > 23 || value > 59 || minute.len() != 2 {
        return None;
    }
    let half_text = half.map_or_else(String::new, |h| format!(" {h}"));
    let hour = small(hour);
    Some(match value {
        0 if half.is_some() || half_follows => format!("{hour}{half_text}"),
        0 => format!("{hour} o'clock"),
        1..=9 => format!("{hour} oh {}{half_text}", small(value)),
        _ => format!("{hour} {}{half_text}", small(value)),
    })
}

fn money(amount: &str) -> Option<String> {
    let plain = amount.replace(',', "");
    let (whole, cents) = plain.split_once('.').unwrap_or((&plain, ""));
    let whole: u64 = whole.parse().ok()?;
    let unit = if whole == 1 { "dollar" } else { "dollars" };
    match cents.trim_start_matches('0') {
        "" => Some(format!("{whole} {unit}")),
        cents if cents.chars().all(|c| c.is_ascii_digit()) => Some(format!("{whole} {unit} {cents}")),
        _ => None,
    }
}

/// A telephone number, written as one or several words: its digits in groups, and how many words it took.
fn number(words: &[String]) -> Option<(String, usize)> {
    let mut groups: Vec<String> = Vec::new();
    let mut used = 0;
    let mut tail = "";
    for word in words {
        let (core, end) = split_tail(word);
        let dialled = !core.is_empty() && core.chars().all(|c| c.is_ascii_digit() || "+-()./".contains(c));
        if !dialled || !core.contains(|c: char| c.is_ascii_digit()) {
            break;
        }
        groups.extend(core.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).map(str::to_owned));
        used += 1;
        tail = end;
        if !end.is_empty() {
            break;
        }
    }
    let digits: usize = groups.iter().map(String::len).sum();
    if !(PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&digits)
        || groups.iter().any(|g| g.len() == 4 && groups.len() == 3 && digits == 8)
    {
        return None;
    }
    let groups = if groups.len() == 1 { grouped(&groups[0]) } else { groups };
    let spoken: Vec<String> = groups.iter().map(|g| digits_aloud(g)).collect();
    Some((format!("{}{tail}", spoken.join(", ")), used))
}

/// North American numbers in their habitual groups, others in threes with a last one of up to four.
fn grouped(digits: &str) -> Vec<String> {
    let lengths: &[usize] = match digits.len() {
        7 => &[3, 4],
        10 => &[3, 3, 4],
        11 => &[1, 3, 3, 4],
        _ => &[],
    };
    let mut groups = Vec::new();
    let mut rest = digits;
    for &length in lengths {
        let (group, after) = rest.split_at(length);
        groups.push(group.to_owned());
        rest = after;
    }
    while !rest.is_empty() {
        let (group, after) = rest.split_at(if rest.len() <= 4 { rest.len() } else { 3 });
        groups.push(group.to_owned());
        rest = after;
    }
    groups
}

fn digits_aloud(digits: &str) -> String {
    let words: Vec<&str> = digits.bytes().map(|b| DIGITS[usize::from(b - b'0')]).collect();
    words.join(" ")
}

fn small(value: usize) -> String {
    match value {
        0..=19 => SMALL[value].to_owned(),
        _ if value.is_multiple_of(10) => TENS[value / 10].to_owned(),
        _ => format!("{} {}", TENS[value / 10], SMALL[value % 10]),
    }
}

fn ordinal_ending(day: &str) -> &'static str {
    match day {
        "1" | "21" | "31" => "st",
        "2" | "22" => "nd",
        "3" | "23" => "rd",
        _ => "th",
    }
}

/// Marks that end a clause, all known to the voice.
const MARKS: &str = ".,;:?!";

/// A sentence longer than this is cut at its next comma: the first sound must not wait for all of it.
const SENTENCE_CHARS_MAX: usize = 160;

/// A piece shorter than this has no melody of its own: about a second of speech.
const PIECE_CHARS_MIN: usize = 20;

/// Fewer digits are a plain number.
const PHONE_DIGITS_MIN: usize = 7;

/// E.164 allows 15.
const PHONE_DIGITS_MAX: usize = 15;

const TITLES: [(&str, &str); 5] =
    [("Dr.", "Doctor"), ("Mr.", "Mister"), ("Mrs.", "Missus"), ("Ms.", "Miz"), ("No.", "Number")];

const PLACES: [(&str, &str); 6] = [
    ("St", "Street"),
    ("Ave", "Avenue"),
    ("Rd", "Road"),
    ("Blvd", "Boulevard"),
    ("Ste", "Suite"),
    ("Apt", "Apartment"),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: [&str; 6] = ["", "", "twenty", "thirty", "forty", "fifty"];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_people_say_it() {
        for (written, spoken) in [
            ("See you at 2:30 PM.", "See you at two thirty PM."),
            ("We open at 9:00 a.m. and close at 5:00 p.m.", "We open at nine AM and close at five PM."),
            ("At 9 a.m. We wait.", "At 9 AM.|We wait."),
            ("Is 10:05 fine?", "Is ten oh five fine?"),
            ("It starts at 9:00.", "It starts at nine o'clock."),
            ("Ask Dr. Smith. Thanks!", "Ask Doctor Smith.|Thanks!"),
            ("We are at 12 Harbor St. in Boston", "We are at 12 Harbor Street in Boston."),
            ("It is $45 or $1.50, yes.", "It is 45 dollars or 1 dollar 50, yes."),
            ("On Tuesday, March 3, at noon", "On Tuesday, March 3rd, at noon."),
            ("Is it (617) 555-0123?", "Is it six one seven, five five five, zero one two three?"),
            ("Call +16175550123.", "Call one, six one seven, five five five, zero one two three."),
            ("Tom & Ann", "Tom and Ann."),
            ("", ""),
            ("...", ""),
        ] {
            assert_eq!(sentences(written).join("|"), spoken, "{written}");
        }
    }

    #[test]
    fn long_sentences_come_in_pieces() {
        let read_back = "So that's a cleaning on Tuesday, November 24th at two thirty PM, for Ann, phone one, two. ";
        let wanted =
            ["So that's a cleaning on Tuesday,", "November 24th at two thirty PM,", "for Ann, phone one, two."];
        assert_eq!(pieces(read_back.trim_end()), wanted);
        assert_eq!(pieces("Great, Tuesday at nine."), ["Great, Tuesday at nine."]);
        assert_eq!(pieces(""), [""]);
    }

    #[test]
    fn clauses_keep_their_marks() {
        let found = clauses("Sure, 3.5 hours; is that fine?");
        let wanted = [("Sure", ','), ("3.5 hours", ';'), ("is that fine", '?')];
        assert_eq!(found, wanted.map(|(t, c)| (t.to_owned(), c)));
    }

    proptest! {
        #[test]
        fn any_text_gives_whole_sentences(text in "\\PC{0,200}") {
            for sentence in sentences(&text) {
                prop_assert!(sentence.ends_with(['.', '?', '!', '"', '\'', ')', '”']), "{sentence}");
                prop_assert!(!clauses(&sentence).is_empty());
            }
        }
    }
}
