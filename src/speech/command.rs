//! `offhook transcribe FILE...`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::files::transcribe_files;
use super::service::Speech;
use super::settings::Settings;

/// Transcribe sound files with the ears that hear callers.
#[derive(Debug, Clone, clap::Args)]
pub struct TranscribeArgs {
    /// Sound files: WAV, FLAC, MP3, Ogg.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// One JSON object a line: file, text, language, seconds, cpu_ms, confidence.
    #[arg(long)]
    pub json: bool,
    /// Language spoken, like "en" or "es".
    #[arg(long, default_value = "en")]
    pub language: String,
}

/// Transcribes; 0 when every file was, 1 when some were not, 2 when the ears cannot start.
pub fn transcribe(args: &TranscribeArgs, mut settings: Settings) -> ExitCode {
    settings.languages = vec![args.language.clone()];
    let speech = match Speech::start(settings) {
        Ok(speech) => speech,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let mut failed = false;
    transcribe_files(&speech, &args.files, Some(&args.language), |result| match result {
        Ok(found) if args.json => match serde_json::to_string(&found) {
            Ok(line) => println!("{line}"),
            Err(error) => eprintln!("{}: {error}", found.file.display()),
        },
        Ok(found) => {
            println!("{}  [{} {:.1} s, {} ms CPU]", found.file.display(), found.language, found.seconds, found.cpu_ms);
            println!("  {}", if found.text.is_empty() { "(no speech)" } else { &found.text });
        }
        Err(error) => {
            eprintln!("{error}");
            failed = true;
        }
    });
    speech.shutdown();
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
