//! `offhook call`: makes the turns audible, places the call, writes the report.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use offhook::caller::{self, Act, BadLine, Report, Settings, Start, Turn};
use offhook::models;
use offhook::speech::{self, Speech, files};

use crate::call_args::{Plan, What};

/// Places the planned call; the timeline goes to stdout.
pub fn run(plan: Plan) -> ExitCode {
    match place(plan) {
        Ok(report) if report.status == 200 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn place(plan: Plan) -> Result<Report, String> {
    let speaks = plan.turns.iter().any(|turn| matches!(turn.what, What::Say(_)));
    let voice = if speaks { Some(voice()?) } else { None };
    let mut turns = Vec::new();
    for turn in &plan.turns {
        let start = turn.after_ms.map_or(Start::AgentFinished, |ms| Start::After(Duration::from_millis(ms)));
        let (label, act) = act(&turn.what, voice.as_ref())?;
        turns.push(Turn { label, act, start });
    }
    let settings = Settings {
        target: plan.to,
        from: identity(plan.from.as_deref()),
        turns,
        record: plan.record,
        timeline: true,
        line: BadLine::default(),
        hang_up_after: Duration::from_secs(plan.max_seconds),
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let report = runtime.block_on(caller::place(settings)).map_err(|error| error.to_string())?;
    if let Some(path) = plan.json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
        std::fs::write(&path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(report)
}

fn act(what: &What, voice: Option<&Speech>) -> Result<(String, Act), String> {
    Ok(match what {
        What::Say(text) => {
            let voice = voice.ok_or("no voice was started")?;
            let pcm = voice.render(text, speech::VOICE_RATE).map_err(|error| error.to_string())?;
            (format!("says {text:?}"), Act::Sound(pcm.into()))
        }
        What::Wav(path) => (format!("plays {}", path.display()), Act::Sound(sound(path)?)),
        What::Keys(keys) => (format!("presses {keys}"), Act::Keys(keys.clone())),
    })
}

fn sound(path: &Path) -> Result<Arc<[i16]>, String> {
    let pcm = files::decode(path, speech::VOICE_RATE).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(pcm.into())
}

fn voice() -> Result<Speech, String> {
    let settings = speech::Settings { models: models::Dir::default(), ..speech::Settings::default() };
    Speech::start(settings).map_err(|error| error.to_string())
}

/// A number becomes a URI; a URI stays what it is.
fn identity(from: Option<&str>) -> String {
    match from {
        Some(uri) if uri.starts_with("sip:") => uri.into(),
        Some(number) => format!("sip:{number}@localhost"),
        None => DEFAULT_FROM.into(),
    }
}

/// From the range kept for fiction.
const DEFAULT_FROM: &str = "sip:+12125550123@localhost";
