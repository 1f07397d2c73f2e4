//! `offhook call`: turns in the order they were written.

use std::path::PathBuf;

use clap::ArgMatches;

/// What `offhook call` is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whom to call, like sip:demo@127.0.0.1:5060.
    #[arg(value_name = "SIP-URI")]
    to: String,
    /// A turn: these words, spoken.
    #[arg(long, value_name = "TEXT")]
    say: Vec<String>,
    /// A turn: this sound file.
    #[arg(long, value_name = "FILE")]
    wav: Vec<PathBuf>,
    /// A turn: these keys (0-9 * # A-D).
    #[arg(long, value_name = "KEYS")]
    keys: Vec<String>,
    /// Start the turn before it this many milliseconds after the agent began to speak, instead of waiting for its end.
    #[arg(long, value_name = "MS")]
    after_ms: Vec<u64>,
    /// Number to call from.
    #[arg(long, value_name = "NUMBER")]
    from: Option<String>,
    /// Write what was heard, WAV.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write the timeline and the latencies, JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Hang up after this long whatever happens.
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=3600))]
    max_seconds: u64,
}

/// A call to place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// SIP URI.
    pub to: String,
    /// Number to call from, as written.
    pub from: Option<String>,
    /// In order.
    pub turns: Vec<Turn>,
    /// Where to write what was heard.
    pub record: Option<PathBuf>,
    /// Where to write the report.
    pub json: Option<PathBuf>,
    /// Limit of the whole call, seconds.
    pub max_seconds: u64,
}

/// One turn of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// What is done.
    pub what: What,
    /// Barge in this long after the agent began to speak; none: wait until it has finished.
    pub after_ms: Option<u64>,
}

/// What a caller does in a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Speaks.
    Say(String),
    /// Plays a file.
    Wav(PathBuf),
    /// Presses keys.
    Keys(String),
}

impl Args {
    /// The call these arguments describe; `written` knows where on the line each of them stood.
    pub fn plan(self, written: &ArgMatches) -> Result<Plan, String> {
        if let Some(bad) = self.keys.iter().find(|keys| !keys.chars().all(|key| KEYS.contains(key)) || keys.is_empty())
        {
            return Err(format!("--keys {bad}: a phone has the keys {KEYS}"));
        }
        let mut parts: Vec<(usize, Part)> = Vec::new();
        parts.extend(at(written, "say").zip(self.say.into_iter().map(|text| Part::Turn(What::Say(text)))));
        parts.extend(at(written, "wav").zip(self.wav.into_iter().map(|file| Part::Turn(What::Wav(file)))));
        parts.extend(at(written, "keys").zip(self.keys.into_iter().map(|keys| Part::Turn(What::Keys(keys)))));
        parts.extend(at(written, "after_ms").zip(self.after_ms.into_iter().map(Part::AfterMs)));
        parts.sort_by_key(|(index, _)| *index);
        let mut turns: Vec<Turn> = Vec::new();
        for (_, part) in parts {
            match (part, turns.last_mut()) {
                (Part::Turn(what), _) => turns.push(Turn { what, after_ms: None }),
                (Part::AfterMs(ms), Some(turn)) => turn.after_ms = Some(ms),
                (Part::AfterMs(_), None) => return Err("--after-ms belongs behind the turn it is meant for".into()),
            }
        }
        let Self { to, from, record, json, max_seconds, .. } = self;
        Ok(Plan { to, from, turns, record, json, max_seconds })
    }
}

enum Part {
    Turn(What),
    AfterMs(u64),
}

fn at<'a>(written: &'a ArgMatches, name: &str) -> impl Iterator<Item = usize> + use<'a> {
    written.indices_of(name).into_iter().flatten()
}

/// RFC 4733 events 0-15.
const KEYS: &str = "0123456789*#ABCD";

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches};

    use super::*;

    fn plan(line: &[&str]) -> Result<Plan, String> {
        let written = Args::augment_args(clap::Command::new("call")).get_matches_from(line);
        Args::from_arg_matches(&written).unwrap().plan(&written)
    }

    #[test]
    fn turns_keep_the_order_they_were_written_in() {
        let line =
            ["call", "sip:a@b", "--say", "one", "--keys", "2", "--after-ms", "300", "--wav", "f.wav", "--say", "four"];
        let turns = plan(&line).unwrap().turns;
        let turn = |what, after_ms| Turn { what, after_ms };
        assert_eq!(
            turns,
            [
                turn(What::Say("one".into()), None),
                turn(What::Keys("2".into()), Some(300)),
                turn(What::Wav("f.wav".into()), None),
                turn(What::Say("four".into()), None),
            ]
        );
    }

    #[test]
    fn what_no_phone_can_do_is_refused() {
        assert!(plan(&["call", "sip:a@b", "--keys", "1E"]).unwrap_err().contains("1E"));
        assert!(plan(&["call", "sip:a@b", "--after-ms", "5", "--say", "x"]).is_err());
    }
}
