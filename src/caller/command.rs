//! `offhook call`: arguments in, a call placed, a timeline and a report out.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::phone::{BadLine, CallError, Settings, place};
use super::report::Report;
use super::script::{Act, Start, Turn};
use crate::speech::{self, Speech};

/// Arguments of `offhook call`. Turns are given in the order they are spoken.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Whom to call: sip:user@host:port
    target: String,
    /// A sentence the caller says (may be repeated, with --wav and --keys, in order)
    #[arg(long, value_name = "TEXT")]
    say: Vec<String>,
    /// A sound file the caller plays
    #[arg(long, value_name = "FILE")]
    wav: Vec<PathBuf>,
    /// Keys the caller presses
    #[arg(long, value_name = "DIGITS")]
    keys: Vec<String>,
    /// Barge in: start each turn this many milliseconds after the agent began to speak
    #[arg(long, value_name = "MS")]
    after_ms: Option<u64>,
    /// Who calls
    #[arg(long, default_value = "sip:+12125550123@localhost")]
    from: String,
    /// Where to keep what was heard (8 kHz WAV)
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Where to write the report
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Hang up this many seconds after the answer
    #[arg(long, value_name = "SECONDS")]
    hang_up_after: Option<u64>,
    /// Lose this share of our packets, per cent
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    loss: u8,
    /// Payload type of telephone-event
    #[arg(long, default_value_t = 101, value_parser = clap::value_parser!(u8).range(96..=127))]
    dtmf_pt: u8,
    /// Send keys without the marker bit
    #[arg(long)]
    no_marker: bool,
}

/// One turn as given, before its sound is made.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    Say(String),
    Wav(PathBuf),
    Keys(String),
}

/// Places the call. `order` are the raw arguments: clap keeps no order between different options. `voice` starts the
/// speech room and is asked only when something is to be said.
pub async fn run(
    args: Args,
    order: &[String],
    voice: impl FnOnce() -> Result<Speech, speech::SpeechError>,
) -> Result<Report, CallError> {
    let given = in_order(&args, order);
    let needs_voice = given.iter().any(|turn| matches!(turn, Given::Say(_)));
    let voice = if needs_voice { Some(voice().map_err(|error| CallError::Sound(error.to_string()))?) } else { None };
    let mut turns = Vec::new();
    for turn in given {
        turns.push(prepare(turn, args.after_ms, voice.as_ref())?);
    }
    let settings = Settings {
        target: args.target,
        from: args.from,
        turns,
        record: args.record,
        timeline: true,
        line: BadLine {
            loss_percent: args.loss,
            dtmf_payload_type: args.dtmf_pt,
            dtmf_marker: !args.no_marker,
            ..BadLine::default()
        },
        hang_up_after: args.hang_up_after.map(Duration::from_secs),
    };
    let report = place(settings).await?;
    if let Some(path) = args.json {
        write_json(&path, &report)?;
    }
    Ok(report)
}

/// The turns in the order of the command line.
fn in_order(args: &Args, order: &[String]) -> Vec<Given> {
    let (mut say, mut wav, mut keys) = (args.say.iter(), args.wav.iter(), args.keys.iter());
    let option = |word: &String| word.split('=').next().unwrap_or_default().to_owned();
    order
        .iter()
        .filter_map(|word| match option(word).as_str() {
            "--say" => say.next().cloned().map(Given::Say),
            "--wav" => wav.next().cloned().map(Given::Wav),
            "--keys" => keys.next().cloned().map(Given::Keys),
            _ => None,
        })
        .collect()
}

fn prepare(turn: Given, after_ms: Option<u64>, voice: Option<&Speech>) -> Result<Turn, CallError> {
    let start = after_ms.map_or(Start::AgentFinished, |ms| Start::After(Duration::from_millis(ms)));
    let (label, act) = match turn {
        Given::Say(text) => {
            let voice = voice.ok_or_else(|| CallError::Sound("no voice".into()))?;
            let pcm = voice.render(&text, 8000).map_err(|error| CallError::Sound(error.to_string()))?;
            (format!("says {text:?}"), Act::Sound(pcm.into()))
        }
        Given::Wav(path) => (format!("plays {}", path.display()), Act::Sound(read_sound(&path)?)),
        Given::Keys(keys) => {
            if keys.is_empty() || !keys.chars().all(|key| matches!(key, '0'..='9' | '*' | '#' | 'A'..='D')) {
                return Err(CallError::Sound(format!("--keys {keys:?}: only 0-9, *, # and A-D can be pressed")));
            }
            (format!("presses {keys}"), Act::Keys(keys))
        }
    };
    Ok(Turn { label, act, start })
}

/// Any sound file as 8 kHz samples.
pub fn read_sound(path: &Path) -> Result<Arc<[i16]>, CallError> {
    let pcm = speech::files::decode(path, 8000).map_err(|error| CallError::Sound(format!("{}: {error}", path.display())))?;
    Ok(pcm.into())
}

fn write_json(path: &Path, report: &Report) -> Result<(), CallError> {
    let text = serde_json::to_string_pretty(report).map_err(|error| CallError::Sound(error.to_string()))?;
    std::fs::write(path, text + "\n")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn turns_keep_the_order_of_the_command_line() {
        let line = ["call", "sip:x@127.0.0.1", "--say", "one", "--keys=1", "--wav", "f.wav", "--say", "two"];
        let args = Cli::parse_from(line).args;
        let order: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
        let expected =
            [Given::Say("one".into()), Given::Keys("1".into()), Given::Wav("f.wav".into()), Given::Say("two".into())];
        assert_eq!(in_order(&args, &order), expected);
    }
}
