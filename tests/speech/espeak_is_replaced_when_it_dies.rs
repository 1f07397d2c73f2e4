//! espeak-ng is a process of its own: when it is killed, the next sentence is still spoken.

use std::fs;
use std::process::Command;

use offhook::speech::Speech;

use crate::common::settings;

#[test]
fn the_next_sentence_is_spoken() {
    let cache = tempfile::tempdir().expect("a scratch folder");
    let speech = Speech::start(settings(cache.path())).expect("these tests need the models (`offhook models fetch`)");
    for sentence in ["Before it died.", "After it died."] {
        let pcm = speech.render(sentence, 8_000).expect("the voice renders");
        assert!(pcm.len() > 4_000, "{sentence}: {} samples", pcm.len());
        for id in our_espeak() {
            let killed = Command::new("kill").args(["-9", &id]).status().expect("kill runs");
            assert!(killed.success());
        }
    }
    speech.shutdown();
}

/// Ids of the espeak-ng processes this test program started.
fn our_espeak() -> Vec<String> {
    let me = std::process::id().to_string();
    let mine = |id: &String| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let after = stat.rsplit(')').next().unwrap_or_default();
        stat.contains("espeak-ng") && after.split_whitespace().nth(1) == Some(me.as_str())
    };
    let entries = fs::read_dir("/proc").expect("/proc is there").filter_map(Result::ok);
    entries.map(|e| e.file_name().to_string_lossy().into_owned()).filter(mine).collect()
}
