//! Hearing: one turn of the caller, from words to what happens next.

use super::agreement::{Answer, answer};
use super::asking::STRIKES_BEFORE_KEYS;
use super::conversation::Conversation;
use super::dates::DayWish;
use super::escalation::Reason;
use super::flows::Kind;
use super::lexicon::{ENGLISH, Lexicon};
use super::mine::{asks_when, changes_appointment, old_and_new, wanted};
use super::names::find_name;
use super::numbers::dictated;
use super::outcome::Disposition;
use super::services::{find_services, wanted_services};
use super::step::{Step, Task, Wanted};
use super::taking::without_digits;
use super::times::Ear;
use super::when::{At, Wish};
use super::words::Words;

/// Below this the recogniser guesses: nothing final is done on it.
const SURE: f32 = 0.3;
/// Longest reason taken from the first request, characters.
const REASON_CHARS: usize = 200;
/// From so many words on, what comes with less than this is guessed: human sentences come with 0.59 and more, people
/// far away in the room with up to 0.55.
const LONG_WORDS: usize = 5;
const LONG_CONFIDENCE: f32 = 0.55;
/// Longest "oh, forget about it then", words; and after a plain no.
const CANCEL_WORDS: usize = 7;
const NO_CANCEL_WORDS: usize = 12;
/// Longest goodbye where a message was asked for, words.
const LEAVING_WORDS: usize = 10;

/// One turn as heard.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// The recogniser's text.
    pub(super) text: String,
    /// 0..=1.
    pub(super) confidence: f32,
    /// How like each FAQ it is by meaning, the likest first.
    pub(super) answers: Vec<(usize, f32)>,
}

/// One turn as understood.
pub(super) struct Turn<'a> {
    /// As heard.
    pub(super) text: &'a str,
    /// As tokens.
    pub(super) words: Words,
    /// Whether the recogniser was confident.
    pub(super) sure: bool,
    /// Whether words that mean nothing to us, a name or a message, are believed.
    pub(super) clear: bool,
    /// Yes or no.
    pub(super) answer: Answer,
    /// How like each FAQ it is by meaning, the likest first.
    pub(super) answers: &'a [(usize, f32)],
}

impl Conversation {
    /// The caller's turn is over and this was said.
    pub(super) fn heard(&mut self, said: Said, at: &At) {
        if matches!(self.step, Step::Ended) {
            return;
        }
        if !self.step.is_writing() && self.notice_language(&said.text) {
            return;
        }
        let words = Words::heard(&said.text, self.language());
        if words.is_empty() {
            return self.missed(at);
        }
        if self.step.is_writing() {
            // What is said while the calendar writes is heard afterwards; a second "yes" is not a second booking.
            if answer(&words) != Answer::Yes && !ENGLISH.is_only("thanks", &words) {
                self.deferred = Some(said);
            }
            return;
        }
        self.greet_late();
        self.told_unasked(&said.text);
        let Some(said) = self.without_email(said, at) else { return };
        self.with_model_or_without(said, at);
        self.email_after_all();
    }

    /// Makes of a turn what the grammar can make of it.
    pub(super) fn understand(&mut self, said: &Said, at: &At) {
        let words = Words::heard(&said.text, self.language());
        let Said { text, confidence, answers } = said;
        let clear = words.len() < LONG_WORDS || *confidence >= LONG_CONFIDENCE;
        let turn = Turn { text, answer: answer(&words), words, sure: *confidence >= SURE, clear, answers };
        // "Meinir Prosser" speaks of no blood pressure.
        if let ([service], false) =
            (find_services(&turn.words, &self.business.services).as_slice(), self.step.is_about_caller())
        {
            self.topic = Some(*service);
        }
        if self.business.policy.escalation.is_urgent(&said.text) {
            self.press(Reason::Urgent);
        }
        let strikes = self.strikes;
        self.strikes = 0;
        if !self.emergency(&turn)
            && !self.put_through_at_once(turn.text)
            && !self.anywhere(&turn, at)
            && !self.hold_on(&turn, at)
            && !self.in_step(&turn, at)
            && !self.in_any_order(&turn, at)
        {
            self.strikes = strikes;
            // "Um", or "okay" where more was asked: the question again, once without a fuss.
            let bare = turn.words.without_fillers();
            if strikes == 0
                && (bare.is_empty() || self.step == Step::When && bare.len() <= 1 && turn.answer != Answer::Unclear)
            {
                self.strikes = 1;
                return self.ask_again();
            }
            self.lost = turn.sure && turn.clear;
            self.missed(at);
        }
    }

    /// Keys pressed as one answer.
    pub(super) fn keyed(&mut self, keys: &str, at: &At) {
        if self.language_keyed(keys) {
            return;
        }
        let strikes = std::mem::take(&mut self.strikes);
        let digit = keys.chars().next().and_then(|c| c.to_digit(10)).filter(|_| keys.len() == 1).map(|d| d as usize);
        match (self.step.clone(), digit) {
            (Step::Ended, _) => self.strikes = strikes,
            (step, _) if step.is_waiting() => self.strikes = strikes,
            (Step::Phone | Step::ConfirmPhone | Step::PhoneBack(_), _) if keys.len() >= 3 => {
                self.digits_typed(keys, at)
            }
            (Step::Phone, _) => self.digits_typed(keys, at),
            (Step::Proof, _) => self.proof_keyed(keys, at),
            (Step::Offer, Some(1)) if self.draft.offers.len() == 1 => self.choose(self.draft.offers[0], at),
            (Step::Offer, Some(2)) if self.draft.offers.len() == 1 => self.offer_others(at),
            (Step::Offer, Some(n)) if n >= 1 && n <= self.draft.offers.len() => {
                self.choose(self.draft.offers[n - 1], at)
            }
            (Step::WhichDay(days), Some(n)) if n >= 1 && n <= days.len() => self.day_chosen(days[n - 1], at),
            (Step::WhichTime(times), Some(n)) if n >= 1 && n <= times.len() => self.time_chosen(times[n - 1], at),
            (Step::WhichAppointment, Some(n)) if self.appointment_keyed(n, at) => {}
            (Step::MoveOrCancel, Some(n @ (1 | 2))) => self.move_or_cancel_keyed(n, at),
            (Step::Service(_), Some(n)) if n >= 1 && n <= self.business.services.len() => {
                self.draft.service = Some(n - 1);
                self.advance(at);
            }
            // "Anything else?" was asked, and no menu was read out since.
            (Step::Open, Some(1)) if self.settled() && strikes < STRIKES_BEFORE_KEYS => self.say("help", &[]),
            (Step::Open, Some(2)) if self.settled() && strikes < STRIKES_BEFORE_KEYS => self.leave(),
            (Step::Open, Some(1)) => {
                self.start_booking();
                self.advance(at);
            }
            (Step::Open, Some(2 | 0)) => self.start_message(None),
            (step, Some(n @ (1 | 2))) if step.is_yes_no() => self.yes_no(n == 1, true, at),
            _ => {
                self.strikes = strikes;
                self.missed(at);
            }
        }
    }

    pub(super) fn emergency(&mut self, turn: &Turn) -> bool {
        // "Oh seven nine one one ..." is a number.
        let dictating = dictated(&turn.words, false).digits.len() > 3;
        let words = if dictating { &without_digits(&turn.words) } else { &turn.words };
        if !ENGLISH.means("emergency", words) && !ENGLISH.is_only("emergency_only", words) {
            return false;
        }
        self.enter(Kind::Emergency);
        self.informed = true;
        match self.business.emergency.clone() {
            Some(text) => self.speak(text),
            None => self.say("emergency", &[]),
        }
        self.ask_again();
        true
    }

    /// What may be said at any point.
    pub(super) fn anywhere(&mut self, turn: &Turn, at: &At) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        let dictating = self.step == Step::Message;
        if dictating && self.leaves_without_message(turn, at) {
            return true;
        }
        if dictating && w.len() > 4 {
            return false;
        }
        let deciding = self.step.is_yes_no() && turn.answer == Answer::Yes;
        if lexicon.means("repeat", w) && w.len() <= 12
            || self.step != Step::Open && turn.answer != Answer::Yes && lexicon.is_only("repeat_only", w)
        {
            let again = self.last_said.clone();
            again.into_iter().for_each(|text| self.speak(text));
            return true;
        }
        if self.task == Task::None && lexicon.means("wrong_number", w) && self.flow(Kind::WrongNumber).on {
            self.enter(Kind::WrongNumber);
            self.end("wrong_number", Disposition::NoDisposition);
            return true;
        }
        if says_goodbye(w) && !dictating {
            if deciding && matches!(self.step, Step::ReadBack | Step::ConfirmCancel) && turn.sure {
                self.leaving = true;
                self.agreed();
                return true;
            }
            if self.step == Step::ConfirmPhone && turn.answer == Answer::Yes {
                return self.task == Task::Message && turn.sure && self.leave_with_message();
            }
            self.say_goodbye(turn);
            return true;
        }
        if lexicon.is_only("wait", w) && answer_is_not_asked(&self.step, w) {
            self.say("hold", &[]);
            return true;
        }
        if dictating {
            return lexicon.means("cancel", w) && self.cancel_task(turn, lexicon);
        }
        self.off_topic(turn, lexicon, at)
    }

    /// "Hang on, let me find my diary": a wait with nothing in it yet.
    fn hold_on(&mut self, turn: &Turn, at: &At) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        let thinking = lexicon.means("wait_start", w)
            || lexicon.means("unsure", w) && matches!(self.step, Step::Phone | Step::ReadBack | Step::Offer);
        let empty = find_services(w, &self.business.services).is_empty()
            && Wish::read(w, at, self.ear()).is_empty()
            && dictated(w, false).digits.is_empty()
            && find_name(turn.text, false, self.language()).is_none();
        if !thinking
            || !empty
            || says_goodbye(w)
            || lexicon.means("cancel", w)
            || self.step == Step::Message
            || lexicon.is_question(w)
            || lexicon.means("moves", w)
            || lexicon.means("another_time", w)
            || w.has_any(&["talk", "speak", "leave", "no"])
        {
            return false;
        }
        self.say("hold", &[]);
        true
    }

    /// "Yes, that number, bye": the message is complete.
    fn leave_with_message(&mut self) -> bool {
        self.outcome.phone = self.caller.number.clone();
        self.say("message_taken", &[]);
        self.leave();
        true
    }

    pub(super) fn say_goodbye(&mut self, turn: &Turn) {
        if !turn.sure && self.step != Step::ConfirmEnd {
            return self.ask(Step::ConfirmEnd);
        }
        self.leave();
    }

    /// The caller has all that was wanted.
    fn leave(&mut self) {
        self.keep_wish();
        self.keep_message();
        let booked = self.outcome.booking.is_some() || self.outcome.moved.is_some();
        let otherwise = if self.task.is_appointment() { Disposition::Abandoned } else { Disposition::NoDisposition };
        self.end(if booked { "goodbye_booked" } else { "goodbye" }, otherwise);
    }

    /// Wishes that are not part of a booking.
    fn off_topic(&mut self, turn: &Turn, lexicon: &Lexicon, at: &At) -> bool {
        let w = &turn.words;
        if self.plain_question(turn, lexicon, at) {
            return true;
        }
        if lexicon.means("wrong_number", w) && self.flow(Kind::WrongNumber).on {
            self.enter(Kind::WrongNumber);
            self.end("wrong_number", Disposition::NoDisposition);
            return true;
        }
        let sold = self.step == Step::Open && self.task == Task::None && lexicon.means("sales", w);
        if sold && self.flow(Kind::Sales).on {
            self.enter(Kind::Sales);
            self.end("sales", Disposition::NoDisposition);
            return true;
        }
        let else_wanted = !find_services(w, &self.business.services).is_empty() || self.asks_hours(turn);
        if lexicon.means("robot", w) && !else_wanted {
            self.say("robot", &[]);
            self.ask_again();
            return true;
        }
        // A caller who names an appointment of theirs is not booking, whatever we made of it before.
        let misled = self.task == Task::Booking && matches!(self.step, Step::Service(_) | Step::When);
        let free = !self.task.is_appointment() && !self.follows_booking(w) || misled && changes_appointment(w, at);
        if free && self.about_appointment(turn, lexicon, at) {
            return true;
        }
        // "Is Juno free on Friday at six?" asks for a time and not for a word with her.
        let timed = w.has_any(&["free", "available"]) && Wish::read(w, at, Ear::Open).time.is_some();
        let books = (timed || lexicon.means("book_sure", w) || !find_services(w, &self.business.services).is_empty())
            && !(self.task == Task::Booking && lexicon.means("cancel", w));
        if self.passed_on(turn, books, at) {
            return true;
        }
        self.cancel_task(turn, lexicon) || self.information(turn, lexicon, at)
    }

    /// An appointment there is: told, moved, cancelled, or what the office knows about a visit.
    fn about_appointment(&mut self, turn: &Turn, lexicon: &Lexicon, at: &At) -> bool {
        let w = &turn.words;
        if lexicon.means("late", w) {
            self.running_late(turn);
            return true;
        }
        // "My test is on the tenth, I want a mock test before" is a wish.
        let wished = lexicon.means("book", w)
            && !find_services(w, &self.business.services).is_empty()
            && !Wish::read(w, at, Ear::Open).is_empty();
        // "A person about my bill" is told to the person.
        if lexicon.means("records", w) && !wished && !lexicon.means("person", w) {
            self.intent("existing");
            self.say("not_disclosed", &[]);
            self.start_message(Some(self.language().phrase("note_visit", &[("text", turn.text.trim())])));
            return true;
        }
        let known = self.case.found.is_some() || self.outcome.booking.is_some() || self.outcome.moved.is_some();
        let mine = known && self.task == Task::None && lexicon.means("change_it", w);
        let cancels = self.step == Step::Open && lexicon.means("cancel", w) && w.has("cancel");
        if mine || cancels || lexicon.means("change", w) || changes_appointment(w, at) {
            self.start_case(wanted(w, at), turn, at);
            return true;
        }
        // "I need to get booked in for a cut" has nothing yet.
        let first = w.has_any(&["get booked", "be booked", "getting booked", "me booked"]);
        if (lexicon.means("existing", w) || asks_when(w)) && !first {
            let away = lexicon.means("cannot_come", w);
            // "I'm booked in at half four, could I come at half five instead".
            let changes = lexicon.means("moves", w) || lexicon.means("cancels", w) || !old_and_new(w, at).1.is_empty();
            let what = match (away, changes) {
                (_, true) => wanted(w, at),
                (true, false) => Wanted::Either,
                (false, false) => Wanted::Told,
            };
            self.start_case(what, turn, at);
            return true;
        }
        false
    }

    /// A person, a call back, a message: what somebody else has to do.
    fn passed_on(&mut self, turn: &Turn, books: bool, at: &At) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        if self.left_behind(turn) || self.task == Task::None && !books && self.for_somebody(turn) {
            return true;
        }
        let posing = w.has_any(&["this is the owner", "this is the manager", "im the owner", "im the manager"]);
        if lexicon.means("person", &without_trade(w)) && !posing && self.flow(Kind::Person).on {
            self.enter(Kind::Person);
            self.press(Reason::Request);
            if self.put_through(Reason::Request, None, Some(turn.text)) {
                return true;
            }
            self.say("person", &[]);
            self.start_message(Some(self.language().phrase("note_person", &[])));
            return true;
        }
        if lexicon.means("call_later", w) && !lexicon.means("book_sure", w) {
            self.say_goodbye(turn);
            return true;
        }
        if lexicon.means("callback", w) && !books && self.task != Task::Message {
            self.call_back(turn, at);
            return true;
        }
        if !books && self.task == Task::None && self.told_at_once(turn, &[]) {
            return true;
        }
        if lexicon.means("message", w) && !books {
            self.start_message(None);
            return true;
        }
        false
    }

    fn cancel_task(&mut self, turn: &Turn, lexicon: &Lexicon) -> bool {
        let cancels = lexicon.means("cancels", &turn.words);
        let plain = turn.answer == Answer::No || cancels && self.task == Task::Moving;
        // "Hang on, it's come back on, forget it": nothing else is wished.
        let plain = plain || self.task == Task::Booking && lexicon.means("forget_it", &turn.words);
        let short = turn.words.len() <= if plain { NO_CANCEL_WORDS } else { CANCEL_WORDS };
        if self.task == Task::None || !short || !lexicon.means("cancel", &turn.words) {
            return false;
        }
        match self.task {
            Task::Booking => self.drop_booking(),
            // "Cancel it" is an answer there, and is asked about before it is done.
            Task::Existing if cancels => return false,
            Task::Moving if cancels => self.cancel_instead(),
            Task::Existing | Task::Moving => self.keep_as_is(),
            _ => {
                self.task = Task::None;
                self.note = super::step::Note::default();
                self.ask(Step::Open);
            }
        }
        true
    }

    /// Anything useful, whatever was asked: the caller leads.
    pub(super) fn in_any_order(&mut self, turn: &Turn, at: &At) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        let services = wanted_services(w, &self.business.services);
        let wish = Wish::read(w, at, self.ear());
        let question = lexicon.is_question(w);
        let follows = self.follows_booking(w);
        let wants = follows || lexicon.means("book_sure", w) || !services.is_empty() || !wish.is_empty();
        if self.task.is_scheduling() {
            if self.asks_service(turn, lexicon, at) {
                return true;
            }
            let before = (self.draft.service, self.draft.wish.clone());
            if self.absorb(turn, at) {
                if self.step == Step::When && self.draft.service != before.0 {
                    // Another service is said with the question.
                    self.step = Step::Service(Vec::new());
                }
                // A name said over the offers leaves them on the table.
                match self.step == Step::Offer && before == (self.draft.service, self.draft.wish.clone()) {
                    true => self.ask_again(),
                    false => self.advance(at),
                }
                return true;
            }
            if self.step == Step::When && (lexicon.means("whichever", w) || lexicon.means("available", w)) {
                self.draft.wish.days = Some(DayWish::Soonest);
                self.advance(at);
                return true;
            }
        } else if self.task == Task::None
            && !self.only_asks(turn, &wish)
            && (wants || !question && (lexicon.means("book", w) || sees_trade(w)))
        {
            self.start_booking();
            if self.outcome.booking.is_some() && lexicon.means("for_another", w) {
                // The next one is for somebody else.
                self.outcome.name = None;
            }
            self.draft.reason = Some(turn.text.trim().chars().take(REASON_CHARS).collect());
            self.absorb(turn, at);
            // "Can I book one?" after a question about a service.
            if services.is_empty() && (follows || w.has_any(&["one", "it", "that"])) {
                self.draft.service = self.topic;
            }
            if lexicon.means("whom_to_ask", w) && self.business.services.len() > 1 {
                // Who asks whom to talk to does not know what comes first.
                self.draft.service = None;
                self.ask(Step::Service(Vec::new()));
                return true;
            }
            self.begin_booking(turn, wants, services, at);
            return true;
        }
        if self.asked_back(turn) {
            return true;
        }
        let dictating = matches!(self.step, Step::Name | Step::Phone);
        let asks = lexicon.asks_something(w) || lexicon.means("asks_price", w) && self.task == Task::None;
        if asks && (self.task != Task::Message || !dictating) && turn.sure && w.len() > 1 {
            return self.unknown_question(turn);
        }
        if self.task == Task::None && self.take_name(turn) {
            self.say("help", &[]);
            return true;
        }
        self.step == Step::Open && self.task == Task::None && self.offer_to_pass(turn)
    }

    /// "Another one right after": beside what was just booked.
    fn follows_booking(&self, words: &Words) -> bool {
        self.outcome.booking.is_some() && ENGLISH.means("right_after", words)
    }

    /// Asked for a message, the caller only says goodbye.
    fn leaves_without_message(&mut self, turn: &Turn, at: &At) -> bool {
        let w = &turn.words;
        if w.len() > LEAVING_WORDS || !says_goodbye(w) || !Wish::read(w, at, Ear::Open).is_empty() {
            return false;
        }
        if self.note.text.is_none() && turn.answer == Answer::No {
            self.note = super::step::Note::default();
        }
        self.say_goodbye(turn);
        true
    }

    /// A question that wants to know and not to book: the price of a service, whether somebody is in today.
    fn only_asks(&self, turn: &Turn, wish: &Wish) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        let booked = lexicon.means("book_sure", w);
        let named = !find_services(w, &self.business.services).is_empty();
        // A mark alone ("a cleaning?") makes no question of it.
        let worded = Words { question: false, ..w.clone() };
        if lexicon.means("asks_price", w) && !booked || lexicon.means("fact_ask", w) {
            return true;
        }
        if !lexicon.asks_something(&worded) || booked || named && !wish.is_empty() {
            return false;
        }
        let wished = !wish.is_empty();
        !(lexicon.means("book_ask", w) || lexicon.means("book", w) || wished && lexicon.means("availability", w))
    }

    pub(super) fn begin_booking(&mut self, turn: &Turn, sure: bool, services: Vec<usize>, at: &At) {
        if services.len() > 1 {
            return self.ask(Step::Service(services));
        }
        if !sure && self.draft.service.is_none() && self.business.services.len() > 1 && turn.words.len() > 3 {
            // "I'd like a haircut": wanted, but not offered.
            self.step = Step::Service(Vec::new());
            self.lost = turn.clear;
            return self.say("unknown_service", &[]);
        }
        self.advance(at);
    }

    pub(super) fn ear(&self) -> Ear {
        match self.step {
            Step::When | Step::WhichDay(_) | Step::WhichTime(_) | Step::Offer | Step::ReadBack | Step::Change => {
                Ear::Expecting
            }
            _ => Ear::Open,
        }
    }
}

/// "To see you" is none, and "see you then" only agrees.
pub(super) fn says_goodbye(words: &Words) -> bool {
    let leaves = |at: usize| {
        !matches!(words.before(at), "to" | "come" | "can" | "could" | "and" | "i") && words.word(at + 2) != "then"
    };
    ENGLISH.means("goodbye", words) && !is_misheard_hi(words)
        || (0..words.len()).any(|at| words.starts(at, "see you") && leaves(at))
}

/// "Bye, I'd like to book a cleaning": whoever leaves wants nothing more.
fn is_misheard_hi(words: &Words) -> bool {
    let rest = words.part(1, words.len());
    let wants = |key: &&str| ENGLISH.means(key, &rest);
    words.word(0) == "bye"
        && !ENGLISH.means("goodbye", &rest)
        && (WISHES.iter().any(wants) || words.question && rest.len() > 2)
}

/// Without "who do I talk to" and "talk to a lawyer": the first asks how to begin, the second for what is sold.
fn without_trade(words: &Words) -> Words {
    let mut rest = words.clone();
    for at in (0..words.len()).rev() {
        let asks = ENGLISH.length_at("whom_to_ask", words, at);
        let sees = || {
            ENGLISH
                .length_at("sees", words, at)
                .filter(|length| ENGLISH.length_at("trade", words, at + length).is_some())
        };
        if let Some(length) = asks.or_else(sees) {
            rest.tokens.drain(at..(at + length).min(rest.len()));
        }
    }
    rest
}

/// "I'd like to talk to a lawyer": to somebody of the trade, whoever it is.
fn sees_trade(words: &Words) -> bool {
    let sees = |at: usize| ENGLISH.length_at("sees", words, at).map(|length| at + length);
    (0..words.len()).filter_map(sees).any(|end| ENGLISH.length_at("trade", words, end).is_some())
}

/// What callers begin with.
const WISHES: [&str; 8] = ["book", "book_sure", "book_ask", "cancels", "change_verb", "person", "hours", "address"];

fn answer_is_not_asked(step: &Step, words: &Words) -> bool {
    !(step.is_yes_no() && words.is_any(&["please"]))
}
