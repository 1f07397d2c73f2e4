//! A person on the phone: listens to what the agent asks and answers that.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::phones::Phone;
use crate::questions::Question;
use crate::server::{Server, rows};
use crate::voices::{Voice, speech};
use crate::wish::{Told, Wish};

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
    /// What was read back was agreed to.
    agreed: bool,
    /// What was asked last.
    asked: Option<Question>,
    /// It is asked again: the answer was not understood.
    again: bool,
    /// What was done last.
    last: Option<Reply>,
    /// The name read back last was a wrong one.
    misnamed: bool,
    /// Times it was put right.
    corrected: usize,
    /// Times that everything was said.
    done: usize,
    /// Start of the line answered last.
    answered_ms: Option<u64>,
}

/// What a person does.
#[derive(Clone)]
enum Reply {
    Say(String),
    Press(&'static str),
    HangUp,
}

impl Person {
    pub fn new(phone: impl Phone + 'static, number: &'static str, voices: [Voice; 2], wish: Wish) -> Self {
        let phone = Box::new(phone);
        Self {
            phone,
            number,
            voices,
            wish,
            together: None,
            turns: 0,
            refused: false,
            agreed: false,
            asked: None,
            again: false,
            last: None,
            misnamed: false,
            corrected: 0,
            done: 0,
            answered_ms: None,
        }
    }

    /// Waits for the others before the yes, for as long as a person may.
    pub fn together(mut self, rendezvous: &Arc<Rendezvous>) -> Self {
        self.together = Some(Arc::clone(rendezvous));
        self
    }

    /// Answers until one of the two hangs up; the call's record.
    pub fn talk(mut self, server: &Server) -> Value {
        let id = live_call(server, self.number);
        while let Some(line) = self.next_question(server, &id) {
            assert!(self.turns < TURNS_MAX, "no end after {TURNS_MAX} turns:\n{}", story(&server.get(&path(&id))));
            let question = self.wish.tongue.question(&line).expect("only questions are waited for");
            let reply = self.last.take().filter(|_| question == Question::Repeat);
            let reply = reply.unwrap_or_else(|| self.reply_to(question, &line));
            self.last = Some(reply.clone());
            match reply {
                Reply::Say(text) => {
                    let voice = self.voices[self.turns % 2];
                    self.phone.play(&speech(voice, &text));
                }
                Reply::Press(keys) => self.phone.keys(keys),
                Reply::HangUp => {
                    self.phone.hang_up();
                    break;
                }
            }
            self.turns += 1;
        }
        self.phone.wait_for_end();
        server.wait(&path(&id), "the call ends", ANSWER_DEADLINE, |call| call["state"] == "ended")
    }

    /// The agent's next question, once it is said; none when the call is over.
    fn next_question(&mut self, server: &Server, id: &str) -> Option<String> {
        let (until, tongue) = (Instant::now() + ANSWER_DEADLINE, self.wish.tongue);
        loop {
            let call = server.get(&path(id));
            let lines = rows(&call["transcript"]);
            self.refused |= lines.iter().any(|line| line["speaker"] == "agent" && tongue.says_taken(text(line)));
            let asked = lines.into_iter().rfind(|line| {
                let fresh = self.answered_ms.is_none_or(|last| line["start_ms"].as_u64() > Some(last));
                fresh && line["speaker"] == "agent" && tongue.question(text(line)).is_some()
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

    fn reply_to(&mut self, question: Question, line: &str) -> Reply {
        self.again = self.asked.replace(question) == Some(question);
        self.reply(question, line)
    }

    fn reply(&mut self, question: Question, line: &str) -> Reply {
        let (wish, tongue) = (&self.wish, self.wish.tongue);
        let fixed = |text: &str| Reply::Say(text.to_owned());
        match question {
            Question::Number => Reply::Press(wish.other_number.expect("this person's number is the one called from")),
            // Whoever is not let go puts the phone down.
            Question::AnythingElse | Question::End | Question::Help | Question::Other | Question::Repeat
                if self.done >= GOODBYES_MAX =>
            {
                Reply::HangUp
            }
            Question::End => self.yes(tongue.yes),
            Question::AnythingElse => self.goodbye(),
            // Asked again after the booking, nobody books twice.
            Question::Help | Question::Other | Question::Repeat if self.done > 0 => self.goodbye(),
            Question::Help | Question::Other | Question::Repeat => fixed(&wish.opening),
            Question::Message if wish.message.is_empty() => fixed(&wish.opening),
            Question::Message => fixed(wish.message),
            Question::There => fixed(tongue.still_here),
            Question::Service => Reply::Say(sentence(wish.service)),
            Question::When => Reply::Say(sentence(wish.time)),
            Question::Name => Reply::Say(wish.name.map_or(tongue.no_name.to_owned(), |name| self.my_name(name))),
            Question::Email => Reply::Say(self.my_email()),
            Question::EmailBack if wish.email.is_some_and(|email| line.contains(email.back)) => self.yes(tongue.right),
            Question::EmailBack => Reply::Say(format!("No. {}", self.my_email())),
            Question::NumberBack => self.yes(tongue.right),
            Question::Change => match wish.name.filter(|_| self.misnamed) {
                Some(name) => Reply::Say(self.my_name(name)),
                None => fixed(tongue.time_is_wrong),
            },
            Question::CallingNumber if wish.other_number.is_some() => fixed(tongue.other_number),
            Question::CallingNumber | Question::TakeMessage => self.yes(tongue.yes),
            Question::CancelIt if line.contains(wish.time.back) => self.yes(tongue.yes),
            Question::CancelIt => fixed(tongue.not_right),
            Question::Rebook => fixed(tongue.no),
            // Misheard: whoever has not been refused insists.
            Question::Offer | Question::Choice if !self.refused => Reply::Say(sentence(wish.time)),
            Question::Offer => fixed(tongue.that_works),
            Question::Choice => fixed(wish.choice),
            Question::Really if self.agreed => self.yes(tongue.book_it),
            Question::Really => fixed(tongue.not_right),
            Question::ReadBack => self.judged(line),
        }
    }

    /// Agrees to what was read back, or says what is wrong with it.
    fn judged(&mut self, line: &str) -> Reply {
        let (wish, tongue) = (&self.wish, self.wish.tongue);
        self.again &= self.agreed;
        self.misnamed = false;
        self.agreed = self.refused || line.contains(wish.time.back);
        if !self.agreed {
            return Reply::Say(tongue.not_right.to_owned());
        }
        let said = |name: &Told| unaccented(line).contains(&unaccented(name.back));
        // Others wait for whoever is to say yes with them.
        let alone = self.together.is_none();
        let wrong = wish.name.filter(|name| alone && line.contains(tongue.for_name) && !said(name));
        if let Some(name) = wrong.filter(|_| self.corrected < CORRECTIONS_MAX) {
            self.corrected += 1;
            (self.misnamed, self.agreed) = (true, false);
            return Reply::Say(format!("No. {}", self.my_name(name)));
        }
        if let Some(together) = self.together.take() {
            together.wait();
        }
        self.yes(tongue.book_it)
    }

    /// Says yes; whoever is not understood presses its key.
    fn yes(&self, text: &str) -> Reply {
        if self.again { Reply::Press("1") } else { Reply::Say(text.to_owned()) }
    }

    fn my_name(&self, name: Told) -> String {
        self.wish.tongue.my_name.replace("{name}", name.said)
    }

    fn my_email(&self) -> String {
        let tongue = self.wish.tongue;
        self.wish.email.map_or(tongue.no_email.to_owned(), |email| tongue.my_email.replace("{email}", email.said))
    }

    fn goodbye(&mut self) -> Reply {
        self.done += 1;
        Reply::Say(self.wish.tongue.all_done.to_owned())
    }
}

/// Said alone.
fn sentence(told: Told) -> String {
    format!("{}.", told.said)
}

/// A place where so many wait a little for each other.
pub struct Rendezvous {
    missing: Mutex<usize>,
    came: Condvar,
}

impl Rendezvous {
    pub fn of(count: usize) -> Arc<Self> {
        Arc::new(Self { missing: Mutex::new(count), came: Condvar::new() })
    }

    /// Whoever is late is not waited for: the agent would ask whether anybody is there.
    fn wait(&self) {
        let mut missing = self.missing.lock().expect("nobody panics while holding it");
        *missing = missing.saturating_sub(1);
        self.came.notify_all();
        let (_missing, _late) = self
            .came
            .wait_timeout_while(missing, PATIENCE, |missing| *missing > 0)
            .expect("nobody panics while holding it");
    }
}

/// Lower case, and without the accents that an ear may put elsewhere.
fn unaccented(text: &str) -> String {
    let plain = |letter| match letter {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        other => other,
    };
    text.to_lowercase().chars().map(plain).collect()
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

/// A booking takes seven answers; the rest is patience with words that were misheard.
const TURNS_MAX: usize = 16;
/// Times a person puts a name right before letting it be.
const CORRECTIONS_MAX: usize = 2;
/// Times a person says goodbye before hanging up.
const GOODBYES_MAX: usize = 2;
/// Longest wait for the agent's next question, its re-prompts after silence included.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);
/// Longest wait for the others: shorter than the agent's own patience.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often the transcript is looked at.
const POLL: Duration = Duration::from_millis(150);
