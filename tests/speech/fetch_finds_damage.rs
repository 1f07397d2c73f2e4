//! What is missing or damaged is told, and only that.

use std::fs;

use offhook::models::{Dir, File, State};
use offhook::speech::{Settings, Speech, SpeechError};

use crate::common::models;

#[test]
fn a_flipped_byte_is_found_by_verify_and_not_by_list() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let dir = Dir::new(folder.path());
    let small = [File::VoiceSettings, File::VoiceActivity];
    for file in small {
        let source = models().path_of(file).expect("these tests need the models (`offhook models fetch`)");
        fs::copy(source, folder.path().join(file.name())).expect("it can be copied");
    }
    let state =
        |statuses: Vec<offhook::models::Status>, file| statuses.into_iter().find(|s| s.file == file).map(|s| s.state);
    assert_eq!(state(dir.verify(), File::VoiceActivity), Some(State::Present));

    let path = folder.path().join(File::VoiceActivity.name());
    let mut bytes = fs::read(&path).expect("it was just written");
    bytes[1000] ^= 1;
    fs::write(&path, bytes).expect("it can be written");
    assert_eq!(state(dir.list(), File::VoiceActivity), Some(State::Present));
    assert_eq!(state(dir.verify(), File::VoiceActivity), Some(State::Damaged));
    assert_eq!(state(dir.verify(), File::VoiceSettings), Some(State::Present));
    assert_eq!(state(dir.verify(), File::Voice), Some(State::Missing));
}

#[test]
fn starting_without_models_says_how_to_get_them() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let settings =
        Settings { models: Dir::new(folder.path()), cache_dir: folder.path().join("cache"), ..Settings::default() };
    let Err(error) = Speech::start(settings) else { panic!("it started without models") };
    assert!(matches!(error, SpeechError::Missing(_)), "{error}");
    assert!(error.to_string().contains("offhook models fetch"), "{error}");
}
