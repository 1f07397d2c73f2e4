//! The command line as people and scripts meet it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use offhook::config::DEMO_TOML;

fn offhook(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command.args(args).current_dir(dir).env_remove("OFFHOOK_API_TOKEN").env_remove("OFFHOOK_TESTING_NOW");
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn init_writes_the_example_once_and_never_over_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("offhook.toml");
    assert_eq!(offhook(dir.path(), &["init"]).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), DEMO_TOML);
    fs::write(&file, "mine").unwrap();
    let again = offhook(dir.path(), &["init"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("--force"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert_eq!(offhook(dir.path(), &["init", "--force"]).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), DEMO_TOML);
}

#[test]
fn check_config_finds_the_file_that_serve_would_find() {
    let dir = tempfile::tempdir().unwrap();
    let good = offhook(dir.path(), &["check-config"]);
    assert_eq!(good.status.code(), Some(0));
    assert!(said(&good).contains("built-in demo is good"));
    fs::write(dir.path().join("offhook.toml"), "[sip]\nlissten = []\n").unwrap();
    let bad = offhook(dir.path(), &["check-config"]);
    assert_eq!(bad.status.code(), Some(2));
    assert!(said(&bad).contains("offhook.toml:2: unknown key `lissten` in [sip]"), "{}", said(&bad));
    let bad = offhook(dir.path(), &["serve"]);
    assert_eq!(bad.status.code(), Some(2), "serve refuses it as well: {}", said(&bad));
}

#[test]
fn what_is_asked_wrongly_exits_with_two() {
    let dir = tempfile::tempdir().unwrap();
    for args in
        [&[][..], &["frobnicate"], &["serve", "--confg", "x"], &["transcribe"], &["call", "sip:a@b", "--keys", "x"]]
    {
        assert_eq!(offhook(dir.path(), args).status.code(), Some(2), "{args:?}");
    }
}
