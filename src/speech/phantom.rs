//! What Whisper says when nobody spoke, and how to tell.

/// What else is known about a piece of text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence {
    /// Seconds of sound the text was made of.
    pub sound_seconds: f32,
    /// Seconds of speech the voice activity network found.
    pub speech_seconds: f32,
    /// Its highest probability.
    pub speech_peak: f32,
    /// Whisper's own probability that there is no speech.
    pub no_speech: f32,
    /// Mean probability of the tokens.
    pub confidence: f32,
}

/// The text without remarks like `[Music]` or "(laughs)" and without notes; empty when no word is left.
pub(super) fn words_only(text: &str) -> String {
    let mut kept = String::new();
    let mut closing: Vec<char> = Vec::new();
    let mut starred = false;
    for c in text.chars() {
        match c {
            '[' => closing.push(']'),
            '(' => closing.push(')'),
            '*' => starred = !starred,
            '♪' | '♫' | '♬' => {}
            _ if closing.last() == Some(&c) => {
                closing.pop();
            }
            _ if closing.is_empty() && !starred => kept.push(c),
            _ => {}
        }
    }
    let kept = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    let kept = kept.trim_start_matches([',', '.', '-', '!', '?', ';', ':', ' ']).to_owned();
    if kept.chars().any(char::is_alphanumeric) { kept } else { String::new() }
}

/// Whether the text is a guess at speech that cannot be made out: people far away, a line too bad, several at once.
pub(super) fn is_guessed(text: &str, evidence: Evidence) -> bool {
    let written = text.split_whitespace().count();
    let least = GUESSED_CONFIDENCE.iter().find(|(from, _)| written >= *from).map_or(0.0, |(_, least)| *least);
    // So much speech has more words; those that are there were picked out of others.
    let sparse = evidence.speech_seconds > SPARSE_SECONDS
        && (spoken_words(text) as f32) < SPARSE_WORDS_PER_SECOND * evidence.speech_seconds;
    evidence.confidence < least || sparse
}

/// Whether somebody spoke so that the text can be believed.
pub(super) fn believable(text: &str, evidence: Evidence) -> bool {
    let weak = evidence.speech_seconds < WEAK_SECONDS
        || evidence.speech_peak < WEAK_PEAK
        || evidence.no_speech > WEAK_NO_SPEECH;
    // A hum out of half a minute of music, a thank-you out of seconds of talk in the room.
    let lost = evidence.sound_seconds > PHANTOM_SOUND_MAX || evidence.speech_seconds > PHANTOM_SPEECH_MAX;
    let hollow = evidence.no_speech > HOLLOW_NO_SPEECH && evidence.confidence < HOLLOW_CONFIDENCE;
    let too_fast = text.split_whitespace().count() as f32 > WORDS_BASE + WORDS_PER_SECOND * evidence.speech_seconds;
    !(hollow
        || too_fast
        || is_phantom(text) && (lost || evidence.confidence < PHANTOM_CONFIDENCE)
        || evidence.confidence < CONFIDENCE_MIN
        || weak && (is_phantom(text) || evidence.confidence < WEAK_CONFIDENCE))
}

/// The text up to where it begins to repeat itself, if it does.
pub(super) fn before_runaway(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    for start in 0..words.len() {
        for length in 1..=RUNAWAY_WORDS_MAX {
            let Some(window) = words.get(start..start + length * repeats(length)) else { continue };
            if (length..window.len()).all(|i| is_same(window[i], window[i - length])) {
                return Some(words[..start + length].join(" "));
            }
        }
    }
    None
}

/// What was said once and written twice: a short clip's only word ("12 12" for half a second of speech), a sentence that
/// nobody says twice so fast.
pub(super) fn without_echo(text: &str, speech_seconds: f32) -> &str {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [once, again] if speech_seconds < ECHO_SECONDS_MAX && is_same(once, again) => again,
        words if words.len() as f32 > ECHO_WORDS_PER_SECOND * speech_seconds => {
            let (once, again) = words.split_at(words.len() / 2);
            let ends = once.last().is_some_and(|word| word.ends_with(['.', '!', '?']));
            let same = once.len() == again.len() && once.iter().zip(again).all(|(a, b)| is_same(a, b));
            if ends && same { &text[start_of(text, once.len())..] } else { text }
        }
        _ => text,
    }
}

/// Where the word after so many others begins.
fn start_of(text: &str, words: usize) -> usize {
    text.split_whitespace().nth(words).map_or(0, |word| word.as_ptr() as usize - text.as_ptr() as usize)
}

fn is_same(a: &str, b: &str) -> bool {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    bare(a) == bare(b)
}

/// Words as they are spoken: every digit of a number is one.
fn spoken_words(text: &str) -> usize {
    text.split(|c: char| c.is_whitespace() || c == '-').map(spoken_in).sum()
}

fn spoken_in(word: &str) -> usize {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    if digits > 0 { digits } else { usize::from(word.chars().any(char::is_alphanumeric)) }
}

fn is_phantom(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect::<String>().to_lowercase();
    PHANTOMS.contains(&bare.trim())
}

/// Saying a word twice takes longer than this, seconds.
const ECHO_SECONDS_MAX: f32 = 0.75;

/// Nobody says a whole sentence and the same again faster than this.
const ECHO_WORDS_PER_SECOND: f32 = 4.0;

/// How often so many words in a row are said again only by a runaway. Digits may well repeat four times.
fn repeats(words: usize) -> usize {
    match words {
        1 => 7,
        2 => 5,
        3 => 4,
        _ => 3,
    }
}

/// Longest phrase looked for: the longest loop seen had 14 words.
const RUNAWAY_WORDS_MAX: usize = 20;

/// Less speech than this is weak evidence: a third of a short word.
const WEAK_SECONDS: f32 = 0.12;

/// Probability of speech that even a noisy word reaches somewhere.
const WEAK_PEAK: f32 = 0.7;

/// Whisper itself doubts that somebody spoke.
const WEAK_NO_SPEECH: f32 = 0.6;

/// With weak evidence a word must at least be clear.
const WEAK_CONFIDENCE: f32 = 0.35;

/// Whisper is sure that nobody spoke, and unsure of its words.
const HOLLOW_NO_SPEECH: f32 = 0.8;
const HOLLOW_CONFIDENCE: f32 = 0.5;

/// Below this, text is guessed. Words said alone ("golf", "eighth") come with 0.13 and are right.
const CONFIDENCE_MIN: f32 = 0.08;

/// People say up to four words a second; short clips get a few words for free.
const WORDS_BASE: f32 = 4.0;
const WORDS_PER_SECOND: f32 = 6.0;

/// (words from, mean probability): below it, so many words are guesses. Measured: five words and more came with less
/// than 0.4 for most of the babble of several voices; human prompts on a good line never came below 0.59, with 10 dB of
/// noise 0.49, and synthetic voices that say a time down to 0.41 with the time still in it.
const GUESSED_CONFIDENCE: [(usize, f32); 2] = [(5, 0.4), (3, 0.3)];

/// A hum or a goodbye that is not clear changes nothing when it is missed; music hums with 0.25.
const PHANTOM_CONFIDENCE: f32 = 0.5;

/// From so much speech on, seconds, fewer words than this a second are not what was said.
const SPARSE_SECONDS: f32 = 3.0;
const SPARSE_WORDS_PER_SECOND: f32 = 0.8;

/// The endings of videos and hums take less than this when somebody says them, seconds of speech and of sound.
const PHANTOM_SPEECH_MAX: f32 = 1.8;
const PHANTOM_SOUND_MAX: f32 = 5.0;

/// What Whisper was trained to hear in silence and music: the endings of videos.
const PHANTOMS: [&str; 31] = [
    "you",
    "thank you",
    "thank you very much",
    "thank you for watching",
    "thanks for watching",
    "thank you so much for watching",
    "please subscribe",
    "bye",
    "bye bye",
    "the end",
    "so",
    "oh",
    "ah",
    "hm",
    "hmm",
    "huh",
    "mhm",
    "mmhmm",
    "mm",
    "uh",
    "i",
    "subtitles by the amaraorg community",
    "gracias",
    "muchas gracias",
    "gracias por ver el video",
    "gracias por ver",
    "suscríbete",
    "suscríbete al canal",
    "subtítulos realizados por la comunidad de amaraorg",
    "subtítulos por la comunidad de amaraorg",
    "adiós",
];

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAR: Evidence =
        Evidence { sound_seconds: 1.0, speech_seconds: 0.6, speech_peak: 0.95, no_speech: 0.05, confidence: 0.8 };

    #[test]
    fn remarks_are_not_words() {
        for (text, words) in [
            (" [Music]", ""),
            (" (upbeat music)", ""),
            ("♪♪", ""),
            (" *laughs* Yes.", "Yes."),
            ("[BLANK_AUDIO] Hello (coughs) there.", "Hello there."),
            (" Nine.", "Nine."),
            (" (unclosed", ""),
            (" ...", ""),
        ] {
            assert_eq!(words_only(text), words, "{text}");
        }
    }

    #[test]
    fn repetition_is_cut_but_digits_are_not() {
        let looped = "I will go to the end of the end of the end of the end of the";
        assert_eq!(before_runaway(looped).as_deref(), Some("I will go to the end of"));
        assert_eq!(before_runaway("no no no no no no no no").as_deref(), Some("no"));
        assert_eq!(before_runaway("five five five one two one two"), None);
        assert_eq!(before_runaway("zero zero zero zero"), None);
    }

    #[test]
    fn guesses_are_told_from_short_and_dictated_answers() {
        let heard = |speech_seconds, confidence| Evidence { speech_seconds, confidence, ..CLEAR };
        for (text, evidence) in [
            ("I feel like a lot of people have to visit and you don't hear that.", heard(5.9, 0.37)),
            ("It is perfect.", heard(4.0, 0.24)),
            ("I know I know that", heard(6.9, 0.87)),
        ] {
            assert!(is_guessed(text, evidence), "{text}");
        }
        for (text, evidence) in [
            ("golf", heard(0.5, 0.12)),
            ("Adi-f", heard(0.5, 0.19)),
            ("1000", heard(0.6, 0.28)),
            ("Wednesday, until 11.30, please.", heard(1.6, 0.53)),
            ("Telephone number.", heard(0.9, 0.44)),
            ("212-555-0199", heard(4.5, 0.8)),
            ("to remove the participant who most recently joined the conference.", heard(3.0, 0.59)),
            ("Thank you.", heard(0.7, 0.6)),
        ] {
            assert!(!is_guessed(text, evidence), "{text}");
        }
    }

    #[test]
    fn phantoms_need_evidence() {
        assert!(believable("Thank you.", CLEAR));
        assert!(!believable("Thank you.", Evidence { speech_seconds: 0.06, ..CLEAR }));
        assert!(!believable("Thank you.", Evidence { speech_seconds: 2.5, ..CLEAR }));
        assert!(!believable("Mm-hmm.", Evidence { sound_seconds: 27.0, ..CLEAR }));
        assert!(believable("Mm-hmm.", CLEAR));
        assert!(!believable("Mm.", Evidence { confidence: 0.25, ..CLEAR }));
        assert!(!believable("You", Evidence { no_speech: 0.7, ..CLEAR }));
        assert!(believable("Yes.", Evidence { speech_seconds: 0.1, ..CLEAR }));
        assert!(!believable(
            "we are going to be talking about many many things today",
            Evidence { speech_seconds: 0.3, ..CLEAR }
        ));
    }
}
