//! Transcripts of other systems: speakers, times and words are kept, and no file makes the reader fall over.

use offhook::record::{Said, Side, Unreadable, gong, webvtt, zoom, zoom_people};
use proptest::prelude::*;

fn said(speaker: &str, text: &str, start_ms: u64, end_ms: u64) -> Said {
    Said { speaker: speaker.into(), text: text.into(), start_ms, end_ms }
}

#[test]
fn zooms_webvtt_has_its_speakers_before_the_words() {
    let file = "\u{feff}WEBVTT\r\n\r\n1\r\n00:00:02.030 --> 00:00:04.500\r\nAna Ruiz: One thing: is it HIPAA &amp; SOC 2?\r\n\
                \r\n2\r\n00:00:05.000 --> 00:00:06.000\r\nJim O'Neil (Acme): Yes,\r\nboth.\r\n\r\n\
                3\r\n00:01:05.000 --> 01:00:06.000\r\nand more\r\n";
    let heard = zoom(file).unwrap();
    assert_eq!(heard.lines[0], said("Ana Ruiz", "One thing: is it HIPAA & SOC 2?", 2030, 4500));
    assert_eq!(heard.lines[1], said("Jim O'Neil (Acme)", "Yes, both.", 5000, 6000));
    assert_eq!(heard.lines[2], said("", "and more", 65_000, 3_606_000), "nobody named is nobody guessed");
}

#[test]
fn webvtt_has_voices_notes_and_markup() {
    let file = "WEBVTT - a title\n\nNOTE\n00:00 is no cue\n\nSTYLE\n::cue { color: red }\n\nintro\n00:01.000 --> 00:02.500 \
                align:start\n<v.loud Ana>Good <b>morning</b> <00:01.500>all</v>\n<v Bob>Hi</v>\n\n00:03.000 --> 00:04.000\n\
                Note: 3 < 4\n";
    let heard = webvtt(file).unwrap();
    let expected = [
        said("Ana", "Good morning all", 1000, 2500),
        said("Bob", "Hi", 1000, 2500),
        said("", "Note: 3 < 4", 3000, 4000),
    ];
    assert_eq!(heard.lines, expected);
}

#[test]
fn zooms_json_has_sentences_and_people() {
    let file = r#"{"type":"zoom_transcript","ver":1,"timeline":[
        {"ts":"00:00:05.10","end_ts":"00:00:06.000","text":"second","users":[{"username":"Bob","user_id":"1"}]},
        {"ts":"00:00:01.180","text":"first","users":[{"username":"Ana","email_address":"ana@example.com"}]},
        {"ts":"00:00:07.000","users":[{"username":"Ana"},{"username":"Bob","email_address":""}]}]}"#;
    let heard = zoom(file).unwrap();
    assert_eq!(heard.lines, [said("Ana", "first", 1180, 7000), said("Bob", "second", 5100, 6000)]);
    assert_eq!(heard.party("Ana").unwrap().email.as_deref(), Some("ana@example.com"));
    assert_eq!(zoom_people(file).unwrap(), heard.people);
    assert_eq!(heard.party("Bob").unwrap().side, Side::Unknown);
}

#[test]
fn gongs_speakers_are_named_by_the_call() {
    let transcripts = r#"{"requestId":"r","callTranscripts":[{"callId":"77","transcript":[
        {"speakerId":"a","topic":"Intro","sentences":[{"start":460230,"end":462343,"text":"No wait."}]},
        {"speakerId":"z","sentences":[{"start":100,"end":90,"text":"Hi"}]}]}, {"callId":"78","transcript":[]}]}"#;
    let people = r#"{"calls":[{"metaData":{"id":"77","title":"t"},"parties":[
        {"id":"1","speakerId":"a","name":"Ana Ruiz","emailAddress":"ana@acme.test","title":"CFO","affiliation":"External"},
        {"id":"2","name":"Silent Sam","affiliation":"Internal"}]}]}"#;
    let calls = gong(transcripts, Some(people)).unwrap();
    assert_eq!((calls.len(), calls[0].id.as_str()), (1, "77"));
    assert_eq!(calls[0].heard.lines, [said("z", "Hi", 100, 100), said("Ana Ruiz", "No wait.", 460_230, 462_343)]);
    let ana = calls[0].heard.party("Ana Ruiz").unwrap();
    assert_eq!((ana.side, ana.title.as_deref()), (Side::Theirs, Some("CFO")));
    assert_eq!(calls[0].heard.people[1].side, Side::Ours);
    assert_eq!(gong(transcripts, None).unwrap()[0].heard.lines[1].speaker, "a");
}

#[test]
fn sides_are_taken_by_name_address_or_domain_and_never_guessed() {
    let file = r#"{"timeline":[
        {"ts":"00:00:01.000","text":"a","users":[{"username":"Ana","email_address":"ana@acme.test"}]},
        {"ts":"00:00:02.000","text":"b","users":[{"username":"Bob","email_address":"bob@Ours.test"}]},
        {"ts":"00:00:03.000","text":"c","users":[{"username":"Room 4"}]},
        {"ts":"00:00:04.000","text":"d","users":[{"username":"Eve","email_address":"eve@notours.test"}]}]}"#;
    let mut heard = zoom(file).unwrap();
    heard.take_sides(&["@ours.test".into()]);
    let side = |name: &str| heard.party(name).unwrap().side;
    assert_eq!((side("Ana"), side("Bob")), (Side::Theirs, Side::Ours));
    assert_eq!((side("Room 4"), side("Eve")), (Side::Unknown, Side::Theirs));
    let mut named = webvtt("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Bob>Hi\n<v Ana>Hi\n").unwrap();
    named.take_sides(&["bob".into()]);
    assert_eq!((named.party("Bob").unwrap().side, named.party("Ana").unwrap().side), (Side::Ours, Side::Unknown));
}

#[test]
fn what_is_no_transcript_is_refused() {
    assert_eq!(webvtt("<html>Not found</html>"), Err(Unreadable::Format));
    assert_eq!(zoom(r#"{"error":"expired"}"#), Err(Unreadable::Format));
    assert_eq!(webvtt("WEBVTT\n\n00:01.000 --> 00:02.000\n<b></b>\n"), Err(Unreadable::Empty));
    assert_eq!(gong(r#"{"callTranscripts":[]}"#, None), Err(Unreadable::Empty));
    assert_eq!(webvtt(&"a".repeat(17 * 1024 * 1024)), Err(Unreadable::TooLong));
}

/// Lines in order, as a meeting has them.
fn talk() -> impl Strategy<Value = Vec<Said>> {
    let name = "[A-Z][a-z]{1,8}( [A-ZÁÉÑ][a-zé'-]{1,8}){0,2}";
    let words = "[a-zA-Z0-9áñü¿][a-zA-Z0-9áñü&<>.,?!$%' -]{0,60}[a-z0-9.?!]";
    proptest::collection::vec((name, words, 0_u64..90_000, 0_u64..20_000), 1..30).prop_map(|lines| {
        let mut at = 0;
        let line = |(who, text, pause, lasts): (String, String, u64, u64)| {
            at += pause;
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            said(&who, &words, at, at + lasts)
        };
        lines.into_iter().map(line).collect()
    })
}

fn stamp(ms: u64) -> String {
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn as_vtt(lines: &[Said], cue: impl Fn(&Said) -> String) -> String {
    let cues = lines.iter().enumerate();
    let cues = cues.map(|(n, l)| format!("{n}\n{} --> {}\n{}\n\n", stamp(l.start_ms), stamp(l.end_ms), cue(l)));
    format!("WEBVTT\n\n{}", cues.collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_format_keeps_speakers_times_and_words(lines in talk()) {
        let prefixed = as_vtt(&lines, |l| format!("{}: {}", l.speaker, escaped(&l.text)));
        prop_assert_eq!(&zoom(&prefixed).unwrap().lines, &lines);
        let voiced = as_vtt(&lines, |l| format!("<v {}>{}</v>", l.speaker, escaped(&l.text)));
        prop_assert_eq!(&webvtt(&voiced).unwrap().lines, &lines);
        let timeline: Vec<_> = lines.iter().map(|l| serde_json::json!({"ts": stamp(l.start_ms),
            "end_ts": stamp(l.end_ms), "text": l.text, "users": [{"username": l.speaker}]})).collect();
        let json = serde_json::json!({ "timeline": timeline }).to_string();
        prop_assert_eq!(&zoom(&json).unwrap().lines, &lines);
        let monologues: Vec<_> = lines.iter().map(|l| serde_json::json!({"speakerId": l.speaker,
            "sentences": [{"start": l.start_ms, "end": l.end_ms, "text": l.text}]})).collect();
        let json = serde_json::json!({"callTranscripts": [{"callId": "1", "transcript": monologues}]}).to_string();
        prop_assert_eq!(&gong(&json, None).unwrap()[0].heard.lines, &lines);
    }

    #[test]
    fn nothing_makes_a_reader_fall_over(
        lines in talk(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), ".{0,6}"), 0..8),
        noise in "[-<>:&;v/ 0-9.\\n\\r{}\\[\\]\"\u{feff}é]{0,200}",
    ) {
        let mut files = [
            as_vtt(&lines, |l| format!("<v {}>{}", l.speaker, l.text)),
            as_vtt(&lines, |l| format!("{}: {}", l.speaker, l.text)),
            r#"{"timeline":[{"ts":"00:00:01.180","text":"first","users":[{"username":"Ana"}]}]}"#.to_owned(),
            r#"{"callTranscripts":[{"callId":"7","transcript":[{"speakerId":"a","sentences":[{"start":1,"end":2,"text":"x"}]}]}]}"#.into(),
            noise,
        ];
        for file in &mut files {
            for (at, with) in &cuts {
                let at = at.index(file.len() + 1);
                let at = (at..=file.len()).find(|at| file.is_char_boundary(*at)).unwrap();
                file.insert_str(at, with);
            }
            for heard in [webvtt(file), zoom(file)].into_iter().flatten() {
                prop_assert!(heard.lines.iter().all(|l| !l.text.is_empty() && l.start_ms <= l.end_ms));
                prop_assert!(heard.lines.is_sorted_by_key(|l| l.start_ms));
            }
            let _ = (gong(file, Some(file)), zoom_people(file));
        }
    }
}
