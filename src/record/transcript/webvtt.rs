//! WebVTT, and SubRip which is nearly that: speakers from `<v Name>` tags or, as Zoom writes them, from "Name: words".

use super::heard::{Heard, Said, Unreadable, clock, within_bounds};

/// Reads WebVTT (or SubRip). Blocks that are no cues are skipped, as the format asks for.
pub fn webvtt(file: &str) -> Result<Heard, Unreadable> {
    let file = within_bounds(file)?.replace("\r\n", "\n").replace('\r', "\n");
    let cues: Vec<Cue> = blocks(&file).filter_map(cue).collect();
    let tagged: Vec<Said> = cues.iter().flat_map(Cue::lines).collect();
    if cues.is_empty() {
        return Err(Unreadable::Format);
    }
    Heard::ordered(if says_names(&tagged) { tagged.into_iter().map(named).collect() } else { tagged }, Vec::new())
}

/// One cue: its times and what stands under them.
struct Cue<'a> {
    start_ms: u64,
    end_ms: u64,
    payload: Vec<&'a str>,
}

impl Cue<'_> {
    /// What each voice of the cue says.
    fn lines(&self) -> Vec<Said> {
        let mut voices = vec![(String::new(), String::new())];
        for piece in self.payload.join("\n").split('<').enumerate() {
            match piece {
                (0, text) => push(&mut voices, text),
                (_, tagged) => tag(&mut voices, tagged),
            }
        }
        let said = |(who, text): (String, String)| Said::new(&plain(&who), &plain(&text), self.start_ms, self.end_ms);
        voices.into_iter().map(said).filter(|line| !line.text.is_empty()).collect()
    }
}

/// What follows a "<": a voice begins, or mark-up is dropped; a "<" that opens no tag stays.
fn tag(voices: &mut Vec<(String, String)>, tagged: &str) {
    let Some((name, text)) = tagged.split_once('>') else {
        push(voices, "<");
        return push(voices, tagged);
    };
    let (kind, voice) = name.split_once(char::is_whitespace).unwrap_or((name, ""));
    match kind {
        _ if kind == "v" || kind.starts_with("v.") => voices.push((voice.to_owned(), String::new())),
        "/v" => voices.push(Default::default()),
        _ => {}
    }
    push(voices, text);
}

fn push(voices: &mut [(String, String)], text: &str) {
    if let Some((_, said)) = voices.last_mut() {
        said.push_str(text);
    }
}

fn blocks(file: &str) -> impl Iterator<Item = Vec<&str>> {
    let mut lines = file.lines().peekable();
    std::iter::from_fn(move || {
        while lines.next_if(|line| line.trim().is_empty()).is_some() {}
        let mut block = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.trim().is_empty()) {
            block.push(line);
        }
        (!block.is_empty()).then_some(block)
    })
}

/// The cue of a block: its timing stands on the first line or, under an identifier, on the second.
fn cue(block: Vec<&str>) -> Option<Cue<'_>> {
    let (at, (from, to)) = block.iter().take(2).enumerate().find_map(|(at, l)| Some((at, l.split_once("-->")?)))?;
    let end = to.split_whitespace().next()?;
    Some(Cue { start_ms: clock(from)?, end_ms: clock(end)?, payload: block[at + 1..].to_vec() })
}

/// Whether the file writes speakers before their words: in most lines, or "One thing: ..." would be somebody.
fn says_names(lines: &[Said]) -> bool {
    let named = lines.iter().filter(|line| line.speaker.is_empty() && name_before(&line.text).is_some()).count();
    named * 2 > lines.len()
}

fn named(line: Said) -> Said {
    match name_before(&line.text) {
        Some((name, words)) if line.speaker.is_empty() => Said::new(name, words, line.start_ms, line.end_ms),
        _ => line,
    }
}

/// "Ana Ruiz: Good morning".
fn name_before(text: &str) -> Option<(&str, &str)> {
    let (name, words) = text.split_once(": ")?;
    let begins = name.chars().next().is_some_and(|c| c.is_uppercase() || c.is_ascii_digit() || c == '+' || c == '*');
    let short = name.len() <= NAME_MAX_BYTES && name.split_whitespace().count() <= NAME_MAX_WORDS;
    let sentence = name.contains(['?', '!']);
    (begins && short && !sentence && !words.trim().is_empty()).then_some((name, words))
}

/// Text without the format's escapes.
fn plain(text: &str) -> String {
    const ESCAPES: [(&str, &str); 8] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", " "),
        ("&lrm;", ""),
        ("&rlm;", ""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    ESCAPES.iter().fold(text.to_owned(), |text, (escape, means)| text.replace(escape, means))
}

/// Longest name before a colon: "Dr. Maria del Carmen Ortega (Acme Dental)".
const NAME_MAX_BYTES: usize = 64;
/// Most words of a name before a colon.
const NAME_MAX_WORDS: usize = 7;
