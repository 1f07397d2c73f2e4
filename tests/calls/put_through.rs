//! Real phones are put through to real phones. Hidden tones prove who heard whom, and when.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::person::{live_call, path, story};
use crate::phones::{Codec, Phone, Pjsua};
use crate::server::{Business, Server, rows};
use crate::voices::{SAMPLE_RATE_HZ, Voice, samples, speech, write};

#[test]
fn put_through() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let phone = |name: &str, mode: &str, codec| {
        let (phone, at) = Pjsua::waiting(name, codec, &folder.path().join(format!("{name}.wav")));
        let duty = format!(
            "[[escalation.duty]]\nname = \"{name}\"\nuri = \"{at}\"\nanswers_for = [\"{name}\"]\ntransfer = \
             \"{mode}\"\nring_seconds = 4\n"
        );
        (phone, duty)
    };
    let (billing, first) = phone("billing", "bridged", Codec::Pcma);
    let (reception, second) = phone("reception", "bridged", Codec::Pcmu);
    let (support, third) = phone(ATTENDED, "attended", Codec::Pcmu);
    let (marketing, fourth) = phone("marketing", "blind", Codec::Pcmu);
    let people = first + &second + &third + &fourth;
    let server = Server::start_with(Business::Dental, &format!("[escalation]\nafter_hours = true\n{people}"));
    std::thread::scope(|scope| {
        let (server, folder) = (&server, folder.path());
        scope.spawn(move || bridged(server, folder, billing));
        scope.spawn(move || declined(server, folder, reception));
        scope.spawn(move || {
            without_us(server, folder, support, ATTENDED, "+12125550165");
            without_us(server, folder, marketing, "marketing", "+12125550166");
        });
    });
}

/// The whisper is the person's alone, then both hear each other and keys, through a hold; who hangs up ends both.
fn bridged(server: &Server, folder: &Path, mut maria: Pjsua) {
    let mut caller = Caller::who_asks_for("billing", "+12125550161", server, folder);
    maria.wait_for("ringing");
    maria.command("answer 200");
    maria.wait_for("answered");
    pause(WHISPER);
    // Both make a tone that the other must not hear yet.
    caller.phone.play(&tone(folder, CALLER_HZ));
    maria.play(&tone(folder, PERSON_HZ));
    pause(TONE);
    let joined = caller.heard_so_far();
    maria.keys("1");
    let call = caller.record("the call is with Maria", |call| call["outcome"]["transferred"]["to"] == "billing");
    assert_eq!(call["state"], "active", "{call:#}");
    assert!(call["outcome"]["transferred"]["rang_ms"].is_u64(), "{call:#}");
    caller.phone.play(&tone(folder, CALLER_HZ));
    maria.play(&tone(folder, PERSON_HZ));
    pause(TONE);
    caller.phone.keys("7");
    assert_eq!(maria.wait_for("key"), "7");
    maria.command("hold");
    pause(Duration::from_millis(500));
    maria.command("resume");
    pause(Duration::from_millis(500));
    maria.play(&tone(folder, LATE_HZ));
    pause(TONE);
    maria.hang_up();
    let call = caller.over();
    assert_eq!(
        (&call["disposition"], &call["outcome"]["message"]),
        (&"escalated".into(), &Value::Null),
        "{}",
        story(&call)
    );
    let (caller_heard, person_heard) = (caller.heard(), heard(folder, "billing", maria));
    assert!(seconds_of(&caller_heard[..joined], PERSON_HZ) == 0.0, "the caller heard her before she took the call");
    assert!(seconds_of(&caller_heard, PERSON_HZ) > 0.8 && seconds_of(&caller_heard, LATE_HZ) > 0.8);
    // The tone went out twice, a whole one before she took the call: she heard one.
    let of_caller = seconds_of(&person_heard, CALLER_HZ);
    assert!((0.8..TONE.as_secs_f64() + 0.4).contains(&of_caller), "{of_caller} s");
    let whisper = loudest(&person_heard[..WHISPER.as_secs() as usize * SAMPLE_RATE_HZ as usize]);
    assert!(likeness(whisper, &person_heard) > 0.99, "the measure finds what is there");
    let leaked = likeness(whisper, &caller_heard);
    assert!(leaked < 0.7, "the caller heard the whisper: {leaked}");
}

/// Declined by key, and the agent has words for it, takes the caller back and a message.
fn declined(server: &Server, folder: &Path, mut joe: Pjsua) {
    let mut caller = Caller::who_asks_for("reception", "+12125550162", server, folder);
    joe.wait_for("ringing");
    joe.command("answer 200");
    joe.wait_for("answered");
    pause(Duration::from_secs(1));
    joe.keys("2");
    joe.wait_for("ended");
    caller.says_after("a message", "Please call me back about my invoice.");
    caller.record("the message is taken", |call| call["outcome"]["message"]["text"].is_string());
    caller.phone.hang_up();
    let call = caller.over();
    assert!(call["outcome"]["transferred"].is_null() && call["outcome"]["handover"].is_object(), "{call:#}");
    // The next caller is not taken at all: it stops ringing there.
    let mut caller = Caller::who_asks_for("reception", "+12125550163", server, folder);
    joe.wait_for("ringing");
    let ended = joe.wait_for("ended");
    assert!(ended.starts_with("487"), "{ended}");
    caller.says_after("a message", "Please call me back about my order.");
    // And the one after that gives up while it rings.
    caller.phone.hang_up();
    caller.over();
    let mut caller = Caller::who_asks_for("reception", "+12125550164", server, folder);
    joe.wait_for("ringing");
    caller.phone.hang_up();
    assert!(joe.wait_for("ended").starts_with("487"));
    assert_eq!(caller.over()["disposition"], "message");
    joe.leave();
}

/// The caller's phone calls the person itself, or takes our place in our call to them; then we are out of it.
fn without_us(server: &Server, folder: &Path, mut person: Pjsua, whom: &str, number: &'static str) {
    let mut caller = Caller::who_asks_for(whom, number, server, folder);
    person.wait_for("ringing");
    person.command("answer 200");
    person.wait_for("answered");
    if whom == ATTENDED {
        pause(Duration::from_secs(1));
        person.keys("1");
    }
    let call = server.wait(&path(&caller.id), "the call is over for us", DEADLINE, |call| call["state"] == "ended");
    assert_eq!(call["outcome"]["transferred"]["to"], whom, "{call:#}");
    pause(Duration::from_secs(1));
    let alone = caller.heard_so_far();
    caller.phone.play(&tone(folder, CALLER_HZ));
    person.play(&tone(folder, PERSON_HZ));
    pause(TONE + Duration::from_millis(500));
    person.hang_up();
    pause(Duration::from_millis(500));
    let (caller_heard, person_heard) = (caller.heard(), heard(folder, whom, person));
    assert!(seconds_of(&caller_heard[alone..], PERSON_HZ) > 0.8, "{whom}: they talk without us");
    assert!(seconds_of(&person_heard, CALLER_HZ) > 0.8, "{whom}: they talk without us");
}

/// A caller with a phone that writes down what it hears.
struct Caller<'a> {
    phone: Pjsua,
    id: String,
    server: &'a Server,
    file: std::path::PathBuf,
    answered: Instant,
}

impl<'a> Caller<'a> {
    fn who_asks_for(whom: &str, number: &'static str, server: &'a Server, folder: &Path) -> Self {
        let file = folder.join(format!("caller-{number}.wav"));
        let phone = Pjsua::call_recorded(&server.uri("desk"), number, Codec::Pcmu, &file);
        let (answered, id) = (Instant::now(), live_call(server, number));
        let mut caller = Self { phone, id, server, file, answered };
        // Into the greeting: nobody has to hear it to its end.
        pause(Duration::from_secs(2));
        caller.phone.play(&speech(Voice::Kal, &format!("Could you connect me to the {whom} department please?")));
        caller.record("somebody is asked", |call| call["outcome"]["handover"].is_object());
        caller
    }

    /// Says this once the agent has said that.
    fn says_after(&mut self, said: &str, text: &str) {
        let known =
            |line: &Value| line["speaker"] == "agent" && line["text"].as_str().is_some_and(|t| t.contains(said));
        self.record(said, |call| rows(&call["transcript"]).iter().any(known));
        self.phone.play(&speech(Voice::Kal, text));
    }

    fn record(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.server.wait(&path(&self.id), what, DEADLINE, fits)
    }

    fn over(&mut self) -> Value {
        self.phone.wait_for_end();
        self.record("the call ends", |call| call["state"] == "ended")
    }

    /// Samples recorded by now, by the clock.
    fn heard_so_far(&self) -> usize {
        (self.answered.elapsed().as_secs_f64() * f64::from(SAMPLE_RATE_HZ)) as usize
    }

    fn heard(self) -> Vec<i16> {
        self.phone.leave();
        samples(&self.file)
    }
}

fn heard(folder: &Path, name: &str, phone: Pjsua) -> Vec<i16> {
    phone.leave();
    samples(&folder.join(format!("{name}.wav")))
}

/// What only this side plays: `TONE` long.
fn tone(folder: &Path, hz: f64) -> std::path::PathBuf {
    let file = folder.join(format!("{hz}-{:?}.wav", std::thread::current().id()));
    let mut sound = Vec::new();
    offhook::audio::tones::tone(&[hz], TONE.as_millis() as u32, -15.0, &mut sound);
    write(&file, &sound);
    file
}

/// How long a tone is the most of what is heard.
fn seconds_of(heard: &[i16], hz: f64) -> f64 {
    let count = heard.as_chunks::<BLOCK>().0.iter().filter(|block| share(&block[..], hz) > 0.8).count();
    count as f64 * BLOCK as f64 / f64::from(SAMPLE_RATE_HZ)
}

/// The share of a tone in the power of a block, 0 where there is silence (Goertzel).
fn share(block: &[i16], hz: f64) -> f64 {
    let power: f64 = block.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let turn = std::f64::consts::TAU * hz / f64::from(SAMPLE_RATE_HZ);
    let (re, im) = block.iter().enumerate().fold((0.0, 0.0), |(re, im), (n, sample)| {
        let (sin, cos) = (turn * n as f64).sin_cos();
        (re + f64::from(*sample) * cos, im + f64::from(*sample) * sin)
    });
    let silent = power / (block.len() as f64) < 10_000.0;
    if silent { 0.0 } else { 2.0 * (re * re + im * im) / (block.len() as f64 * power) }
}

/// The loudest second.
fn loudest(heard: &[i16]) -> &[i16] {
    let length = SAMPLE_RATE_HZ as usize;
    let power = |part: &&[i16]| part.iter().map(|sample| i64::from(*sample).pow(2)).sum::<i64>();
    heard.windows(length).step_by(length / 4).max_by_key(power).expect("a second was heard")
}

/// The best normalised correlation of a part with any place of a recording.
fn likeness(part: &[i16], whole: &[i16]) -> f64 {
    let norm = |samples: &[i16]| samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>().sqrt().max(1.0);
    let own = norm(part);
    let at = |place: &[i16]| {
        let dot: i64 = place.iter().zip(part).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
        dot as f64 / (own * norm(place))
    };
    whole.windows(part.len()).map(at).fold(0.0, f64::max)
}

/// Sound has to pass before it can be looked for: there is no event to wait for.
fn pause(span: Duration) {
    std::thread::park_timeout(span);
}

/// Who is consulted before the caller's phone takes our place.
const ATTENDED: &str = "support";
const CALLER_HZ: f64 = 1_300.0;
const PERSON_HZ: f64 = 1_800.0;
const LATE_HZ: f64 = 2_300.0;
const TONE: Duration = Duration::from_millis(1_500);
/// Some of it, at least, was said by then.
const WHISPER: Duration = Duration::from_secs(4);
/// 50 ms.
const BLOCK: usize = 400;
const DEADLINE: Duration = Duration::from_secs(30);
