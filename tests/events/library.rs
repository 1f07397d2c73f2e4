//! The library of Standard Webhooks in a Python process of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Its answers, one per question.
pub fn ask(questions: &[Value]) -> Vec<String> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python3");
    let python = if own.exists() { own } else { "python3".into() };
    let mut child = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/events/library.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    let mut stdin = child.stdin.take().unwrap();
    let lines: Vec<String> = questions.iter().map(|question| format!("{question}\n")).collect();
    let writer = std::thread::spawn(move || lines.iter().for_each(|line| stdin.write_all(line.as_bytes()).unwrap()));
    let answers: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    writer.join().unwrap();
    child.wait().unwrap();
    assert_eq!(answers.len(), questions.len(), "is standardwebhooks installed? `make test` does it");
    answers
}
