//! A person on the phone: listens to what the agent asks and answers that.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::phones::Phone;
use crate::questions::{Question, says_taken};
use crate::server::{Server, rows};
use crate::voices::{Voice, speech};

/// What the person wants, in the person's words.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// First words.
    pub opening: &'static str,
    pub service: &'static str,
    pub when: &'static str,
    /// The same as the agent says it: "Tuesday, November 24th at 2:30 PM".
    pub when_read_back: &'static str,
    pub name: &'static str,
    /// Keys typed instead of taking the number called from.
    pub other_number: Option<&'static str>,
    /// Which of several offers to take.
    pub choice: &'static str,
}

/// A person with a phone in hand.
pub struct Person {
    phone: Box<dyn Phone>,
    number: &'static str,
    /// They take turns: two people share the phone.
    voices: [Voice; 2],
    wish: Wish,
    /// Everybody says yes at the same moment.
    together: Option<Arc<Rendezvous>>,
    turns: usize,
    /// The agent said that the wish cannot be met.
    refused: bool,
    /// How often the goodbye was said.
    goodbyes: usize,
    /// Start of the line answered last.
    answered_ms: Option<u64>,
}

/// What a person does.
enum Reply {
    Say(&'static str),
    Press(&'static str),
}

impl Person {
    pub fn new(phone: impl Phone + 'static, number: &'static str, voices: [Voice; 2], wish: Wish) -> Self {
        let phone = Box::new(phone);
        Self { phone, number, voices, wish, together: None, turns: 0, refused: false, goodbyes: 0, answered_ms: None }
    }

    /// Waits for the others before the yes.
    pub fn together(mut self, rendezvous: &Arc<Rendezvous>) -> Self {
        self.together = Some(Arc::clone(rendezvous));
        self
    }

    /// Answers until the agent hangs up; the call's record.
    pub fn talk(mut self, server: &Server) -> Value {
        let id = live_call(server, self.number);
        while let Some(line) = self.next_question(server, &id) {
            let question = Question::of(&line).expect("only questions are waited for");
            assert!(self.turns < TURNS_MAX, "no end after {TURNS_MAX} turns:\n{}", story(&server.get(&path(&id))));
            match self.reply(question, &line) {
                Reply::Say(text) => {
                    let voice = self.voices[self.turns % 2];
                    self.phone.play(&speech(voice, text));
                }
                Reply::Press(keys) => self.phone.keys(keys),
            }
            self.turns += 1;
            if self.goodbyes >= GOODBYES_MAX {
                self.phone.hang_up();
                break;
            }
        }
        let call = server.wait(&path(&id), "the call ends", ANSWER_DEADLINE, |call| call["state"] == "ended");
        self.phone.wait_for_end();
        call
    }

    /// Listens to the greeting, says goodbye with the handset; the call's record.
    pub fn hear_greeting(mut self, server: &Server) -> Value {
        let id = live_call(server, self.number);
        self.next_question(server, &id).expect("a greeting");
        self.phone.hang_up();
        self.phone.wait_for_end();
        server.wait(&path(&id), "the call ends", ANSWER_DEADLINE, |call| call["state"] == "ended")
    }

    /// The agent's next question, once it is said; none when the call is over.
    fn next_question(&mut self, server: &Server, id: &str) -> Option<String> {
        let until = Instant::now() + ANSWER_DEADLINE;
        loop {
            let call = server.get(&path(id));
            let lines = rows(&call["transcript"]);
            self.refused |= lines.iter().any(|line| line["speaker"] == "agent" && says_taken(text(line)));
            let asked = lines.into_iter().rfind(|line| {
                let fresh = self.answered_ms.is_none_or(|last| line["start_ms"].as_u64() > Some(last));
                fresh && line["speaker"] == "agent" && Question::of(text(line)).is_some()
            });
            if call["state"] == "ended" {
                return None;
            }
            if let Some(line) = asked {
                self.answered_ms = line["start_ms"].as_u64();
                return Some(text(&line).to_owned());
            }
            assert!(Instant::now() < until, "the agent asks nothing:\n{}\n{}", story(&call), server.log());
            std::thread::park_timeout(POLL);
        }
    }

    fn reply(&mut self, question: Question, line: &str) -> Reply {
        let wish = self.wish;
        match question {
            // Asked again after the booking, nobody books twice.
            Question::Help if self.goodbyes > 0 => self.goodbye(),
            Question::Help => Reply::Say(wish.opening),
            Question::Service => Reply::Say(wish.service),
            Question::When => Reply::Say(wish.when),
            Question::Name => Reply::Say(wish.name),
            Question::AnythingElse => self.goodbye(),
            Question::NumberBack => Reply::Say("Yes, that's right."),
            Question::Change => Reply::Say("The time is wrong."),
            Question::Number => Reply::Press(wish.other_number.expect("this person's number is the one called from")),
            Question::CallingNumber if wish.other_number.is_some() => Reply::Say("No, please use another number."),
            Question::CallingNumber => Reply::Say("Yes, please."),
            // Misheard: whoever has not been refused insists.
            Question::Offer | Question::Choice if !self.refused => Reply::Say(wish.when),
            Question::Offer => Reply::Say("Yes, that works."),
            Question::Choice => Reply::Say(wish.choice),
            Question::ReadBack if self.refused || line.contains(wish.when_read_back) => {
                if let Some(together) = self.together.take() {
                    together.wait();
                }
                Reply::Say("Yes, please book it.")
            }
            Question::ReadBack => Reply::Say("No, that's not right."),
        }
    }

    fn goodbye(&mut self) -> Reply {
        self.goodbyes += 1;
        Reply::Say(ALL_DONE)
    }
}

const ALL_DONE: &str = "No, that's all, thank you.";

/// A place where so many wait until all are there.
pub struct Rendezvous {
    missing: Mutex<usize>,
    came: Condvar,
}

impl Rendezvous {
    pub fn of(count: usize) -> Arc<Self> {
        Arc::new(Self { missing: Mutex::new(count), came: Condvar::new() })
    }

    /// Nobody waits for ever: a call that failed must not hang the test.
    fn wait(&self) {
        let mut missing = self.missing.lock().expect("nobody panics while holding it");
        *missing = missing.saturating_sub(1);
        self.came.notify_all();
        let (_missing, out) = self
            .came
            .wait_timeout_while(missing, ANSWER_DEADLINE, |missing| *missing > 0)
            .expect("nobody panics while holding it");
        assert!(!out.timed_out(), "the others did not come this far");
    }
}

/// A call as a play, for messages.
pub fn story(call: &Value) -> String {
    let lines = rows(&call["transcript"]);
    lines.iter().map(|line| format!("{:>8} {}\n", line["speaker"].as_str().unwrap_or("?"), text(line))).collect()
}

/// What the agent said in a call.
pub fn agent_lines(call: &Value) -> Vec<String> {
    let lines = rows(&call["transcript"]);
    lines.iter().filter(|line| line["speaker"] == "agent").map(|line| text(line).to_owned()).collect()
}

/// The call that just came in from a number.
pub fn live_call(server: &Server, number: &str) -> String {
    let live = |call: &Value| call["from"] == number && call["state"] != "ended";
    let calls = server.wait("/api/v1/calls", "the call arrives", ANSWER_DEADLINE, |calls| rows(calls).iter().any(live));
    let call = rows(&calls).into_iter().find(live).expect("just found");
    call["id"].as_str().expect("a call has an id").to_owned()
}

/// A call's place in the API.
pub fn path(id: &str) -> String {
    format!("/api/v1/calls/{id}")
}

fn text(line: &Value) -> &str {
    line["text"].as_str().unwrap_or_default()
}

/// Who said goodbye so often and was misheard hangs up.
const GOODBYES_MAX: usize = 3;
/// A booking takes seven answers; the rest is patience with words that were misheard.
const TURNS_MAX: usize = 16;
/// Longest wait for the agent's next question, its re-prompts after silence included.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);
/// How often the transcript is looked at.
const POLL: Duration = Duration::from_millis(150);
