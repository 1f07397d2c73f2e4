//! Caller speech: synthetic voices that are not the agent's own, as 8 kHz WAV.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Voice {
    /// flite, an American man.
    Kal,
    /// flite, a Scottish man.
    Awb,
    /// festival, an American woman.
    Slt,
    /// festival, an American man.
    Ked,
    /// festival, an Italian woman, who speaks Spanish when it is spelled as in Italian: "chiero una sita".
    Italiana,
}

/// `text` as this voice says it: mono, 16 bit, 8 kHz.
pub fn speech(voice: Voice, text: &str) -> PathBuf {
    speech_at(voice, text, SAMPLE_RATE_HZ)
}

/// The same at `rate` Hz.
pub fn speech_at(voice: Voice, text: &str, rate: u32) -> PathBuf {
    let mut key = DefaultHasher::new();
    (voice, text).hash(&mut key);
    let wide = if rate == SAMPLE_RATE_HZ { String::new() } else { format!("-{rate}") };
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{voice:?}-{:016x}{wide}.wav", key.finish()));
    if !file.exists() {
        let raw = unique(&file, "raw");
        say(voice, text, &raw);
        let phone = unique(&file, "phone");
        let rate = rate.to_string();
        run(Command::new("sox").arg(&raw).args(["-r", &rate, "-c", "1", "-b", "16"]).arg(&phone).args(["norm", "-6"]));
        // Renamed when complete: tests that run at the same time say the same things.
        std::fs::rename(&phone, &file).expect("the folder is ours");
        let _ = std::fs::remove_file(raw);
    }
    file
}

/// The samples of a WAV file.
pub fn samples(file: &Path) -> Vec<i16> {
    let wav = hound::WavReader::open(file).expect("a WAV file of ours");
    wav.into_samples::<i16>().map(|sample| sample.expect("16 bit samples")).collect()
}

/// Writes samples at the telephone's rate.
pub fn write(file: &Path, samples: &[i16]) {
    write_at(file, samples, SAMPLE_RATE_HZ);
}

/// Writes samples at `rate` Hz.
pub fn write_at(file: &Path, samples: &[i16], rate: u32) {
    write_as(file, samples, rate, 1);
}

/// The same of several channels, a sample of each in turn.
pub fn write_as(file: &Path, samples: &[i16], sample_rate: u32, channels: u16) {
    let spec = hound::WavSpec { channels, sample_rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut wav = hound::WavWriter::create(file, spec).expect("the folder is ours");
    for &sample in samples {
        wav.write_sample(sample).expect("the disk has room");
    }
    wav.finalize().expect("the disk has room");
}

fn say(voice: Voice, text: &str, to: &Path) {
    match voice {
        Voice::Kal => run(Command::new("flite").args(["-voice", "kal16", "-t", text, "-o"]).arg(to)),
        Voice::Awb => run(Command::new("flite").args(["-voice", "awb", "-t", text, "-o"]).arg(to)),
        Voice::Slt => festival("voice_cmu_us_slt_arctic_hts", text, to),
        Voice::Ked => festival("voice_ked_diphone", text, to),
        Voice::Italiana => festival("voice_lp_diphone", text, to),
    }
}

fn festival(voice: &str, text: &str, to: &Path) {
    let mut command = Command::new("text2wave");
    let command = command.args(["-eval", &format!("({voice})"), "-o"]).arg(to);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("this test needs the package festival");
    child.stdin.take().expect("stdin is piped").write_all(text.as_bytes()).expect("text2wave reads its text");
    assert!(child.wait().is_ok_and(|status| status.success()), "text2wave {voice}");
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status();
    assert!(status.as_ref().is_ok_and(|status| status.success()), "{command:?}: {status:?}");
}

/// sox tells the format by the name, so it keeps ending in .wav.
fn unique(file: &Path, what: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    file.with_extension(format!("{}-{number}-{what}.wav", std::process::id()))
}

/// G.711's rate.
pub const SAMPLE_RATE_HZ: u32 = 8000;
