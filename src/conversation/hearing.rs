//! Hearing: one turn of the caller, from words to what happens next.

use super::conversation::Conversation;
use super::dates::DayWish;
use super::faq::find_answer;
use super::lexicon::{ENGLISH, Lexicon};
use super::numbers::{dictated, ordinal, unit};
use super::outcome::Disposition;
use super::services::find_services;
use super::spoken;
use super::step::{Step, Task};
use super::times::Ear;
use super::when::{At, Wish};
use super::words::{Token, Words};

/// Below this the recogniser guesses: nothing final is done on it.
const SURE: f32 = 0.3;
/// From so many words on, what comes with less than this is guessed: human sentences come with 0.59 and more, people
/// far away in the room with up to 0.55.
const LONG_WORDS: usize = 5;
const LONG_CONFIDENCE: f32 = 0.55;

/// Yes, no, or neither clearly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Agreed.
    Yes,
    /// Refused.
    No,
    /// Something else.
    Unclear,
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
}

impl Conversation {
    /// The caller's turn is over and this was said.
    pub(super) fn heard(&mut self, text: &str, confidence: f32, at: &At) {
        if matches!(self.step, Step::Ended) {
            return;
        }
        let words = Words::new(text);
        if words.is_empty() {
            return self.missed(at);
        }
        if let Step::WaitBook(_) = self.step {
            // What is said while the calendar writes is heard afterwards; a second "yes" is not a second booking.
            if answer(&words) != Answer::Yes && !ENGLISH.is_only("thanks", &words) {
                self.deferred = Some((text.to_string(), confidence));
            }
            return;
        }
        let clear = words.len() < LONG_WORDS || confidence >= LONG_CONFIDENCE;
        let turn = Turn { text, answer: answer(&words), words, sure: confidence >= SURE, clear };
        self.greet_late();
        if let [service] = find_services(&turn.words, &self.business.services).as_slice() {
            self.topic = Some(*service);
        }
        let strikes = self.strikes;
        self.strikes = 0;
        if !self.emergency(&turn)
            && !self.anywhere(&turn, at)
            && !self.in_step(&turn, at)
            && !self.in_any_order(&turn, at)
        {
            self.strikes = strikes;
            self.missed(at);
        }
    }

    /// Keys pressed as one answer.
    pub(super) fn keyed(&mut self, keys: &str, at: &At) {
        let strikes = std::mem::take(&mut self.strikes);
        let digit = keys.chars().next().and_then(|c| c.to_digit(10)).filter(|_| keys.len() == 1).map(|d| d as usize);
        match (self.step.clone(), digit) {
            (Step::WaitSlots(_) | Step::WaitBook(_) | Step::Ended, _) => self.strikes = strikes,
            (Step::Phone | Step::ConfirmPhone | Step::PhoneBack(_), _) if keys.len() >= 3 => {
                self.digits_typed(keys, at)
            }
            (Step::Phone, _) => self.digits_typed(keys, at),
            (Step::Offer, Some(1)) if self.draft.offers.len() == 1 => self.choose(self.draft.offers[0], at),
            (Step::Offer, Some(2)) if self.draft.offers.len() == 1 => self.offer_others(at),
            (Step::Offer, Some(n)) if n >= 1 && n <= self.draft.offers.len() => {
                self.choose(self.draft.offers[n - 1], at)
            }
            (Step::WhichDay(days), Some(n)) if n >= 1 && n <= days.len() => self.day_chosen(days[n - 1], at),
            (Step::WhichTime(times), Some(n)) if n >= 1 && n <= times.len() => self.time_chosen(times[n - 1], at),
            (Step::Service(_), Some(n)) if n >= 1 && n <= self.business.services.len() => {
                self.draft.service = Some(n - 1);
                self.advance(at);
            }
            (Step::Open, Some(1)) => {
                self.start_booking();
                self.advance(at);
            }
            (Step::Open, Some(2 | 0)) => self.start_message(None),
            (step, Some(n @ (1 | 2))) if is_yes_no(&step) => self.yes_no(n == 1, true, at),
            _ => {
                self.strikes = strikes;
                self.missed(at);
            }
        }
    }

    fn emergency(&mut self, turn: &Turn) -> bool {
        let dictating = matches!(self.step, Step::Phone | Step::Name);
        if !ENGLISH.means("emergency", &turn.words) && !ENGLISH.is_only("emergency_only", &turn.words)
            || dictating && dictated(&turn.words, false).digits.len() > 3
        {
            return false;
        }
        self.intent("emergency");
        self.informed = true;
        self.say("emergency", &[]);
        self.ask_again();
        true
    }

    /// What may be said at any point.
    fn anywhere(&mut self, turn: &Turn, at: &At) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        let dictating = self.step == Step::Message;
        if dictating && w.len() > 4 {
            return false;
        }
        let deciding = is_yes_no(&self.step) && turn.answer == Answer::Yes;
        if lexicon.means("repeat", w) && w.len() <= 12
            || self.step != Step::Open && turn.answer != Answer::Yes && lexicon.is_only("repeat_only", w)
        {
            let again = self.last_said.clone();
            again.into_iter().for_each(|text| self.speak(text));
            return true;
        }
        if lexicon.means("goodbye", w) && !dictating {
            if deciding && self.step == Step::ReadBack && turn.sure {
                self.leaving = true;
                self.book();
                return true;
            }
            if self.step == Step::ConfirmPhone && turn.answer == Answer::Yes {
                return false;
            }
            self.say_goodbye(turn);
            return true;
        }
        if lexicon.is_only("wait", w) && answer_is_not_asked(&self.step, w) {
            self.say("hold", &[]);
            return true;
        }
        if dictating {
            return false;
        }
        self.off_topic(turn, lexicon, at)
    }

    pub(super) fn say_goodbye(&mut self, turn: &Turn) {
        if !turn.sure && self.step != Step::ConfirmEnd {
            return self.ask(Step::ConfirmEnd);
        }
        self.keep_message();
        let booked = self.outcome.booking.is_some();
        let otherwise = if self.task == Task::Booking { Disposition::Abandoned } else { Disposition::NoDisposition };
        self.end(if booked { "goodbye_booked" } else { "goodbye" }, otherwise);
    }

    /// Wishes that are not part of a booking.
    fn off_topic(&mut self, turn: &Turn, lexicon: &Lexicon, at: &At) -> bool {
        let w = &turn.words;
        if lexicon.means("wrong_number", w) {
            self.intent("wrong_number");
            self.end("wrong_number", Disposition::NoDisposition);
            return true;
        }
        if lexicon.means("robot", w) {
            self.say("robot", &[]);
            self.ask_again();
            return true;
        }
        if lexicon.means("existing", w) && self.task != Task::Booking {
            self.intent("existing");
            self.say("not_disclosed", &[]);
            self.start_message(Some(format!("About an existing appointment: \"{}\"", turn.text.trim())));
            return true;
        }
        if lexicon.means("change", w) && self.task != Task::Booking
            || self.step == Step::Open && lexicon.means("cancel", w) && w.has("cancel")
        {
            let cancel = ["cancel", "cancelling", "canceling"].iter().any(|c| w.has(c));
            self.intent(if cancel { "cancel" } else { "reschedule" });
            self.say("change", &[]);
            let what = if cancel { "Wants to cancel an appointment" } else { "Wants to move an appointment" };
            self.start_message(Some(format!("{what}: \"{}\"", turn.text.trim())));
            return true;
        }
        if lexicon.means("person", w) {
            self.intent("person");
            self.say("person", &[]);
            self.start_message(Some("Asked for a person.".into()));
            return true;
        }
        if lexicon.means("message", w) {
            self.start_message(None);
            return true;
        }
        self.cancel_task(turn, lexicon) || self.information(turn, lexicon, at)
    }

    fn cancel_task(&mut self, turn: &Turn, lexicon: &Lexicon) -> bool {
        let short = turn.words.len() <= 7;
        if self.task == Task::None || !short || !lexicon.means("cancel", &turn.words) {
            return false;
        }
        match self.task {
            Task::Booking => self.drop_booking(),
            _ => {
                self.task = Task::None;
                self.note = super::step::Note::default();
                self.ask(Step::Open);
            }
        }
        true
    }

    /// Questions: answered, then back to where we were, or on to the booking asked for in the same breath.
    fn information(&mut self, turn: &Turn, lexicon: &Lexicon, at: &At) -> bool {
        let w = &turn.words;
        let question = lexicon.is_question(w);
        let booking = lexicon.means("book_sure", w);
        if lexicon.means("hours", w) && !(booking && self.task == Task::Booking) || lexicon.is_only("hours_only", w) {
            self.intent("hours");
            let day = match Wish::read(w, at, Ear::Open).days {
                Some(DayWish::One(days)) => Some(days[0]),
                _ => None,
            };
            let business = self.business.clone();
            let text = day.map_or_else(|| spoken::hours(&business), |d| spoken::hours_on(&business, d));
            self.speak(text);
            return self.informed(turn, at);
        }
        if lexicon.means("address", w) {
            self.intent("address");
            self.say(if self.business.address.is_some() { "address" } else { "no_address" }, &[]);
            return self.informed(turn, at);
        }
        if lexicon.means("services", w) && question {
            self.say("services", &[]);
            return self.informed(turn, at);
        }
        if question || self.step == Step::Open && find_services(w, &self.business.services).is_empty() && !booking {
            let business = self.business.clone();
            if let Some(faq) = find_answer(w, &business.faqs, &business.services, lexicon) {
                self.intent("faq");
                self.speak(faq.answer.clone());
                return self.informed(turn, at);
            }
        }
        false
    }

    fn informed(&mut self, turn: &Turn, at: &At) -> bool {
        self.informed = true;
        if self.task == Task::None && ENGLISH.means("book_sure", &turn.words) && !turn.words.has("open") {
            self.start_booking();
            self.absorb(turn, at);
            self.advance(at);
        } else {
            if matches!(self.step, Step::OfferService(_) | Step::OfferMessage(_) | Step::ConfirmEnd) {
                self.step = Step::Open;
            }
            self.ask_again();
        }
        true
    }

    /// Anything useful, whatever was asked: the caller leads.
    pub(super) fn in_any_order(&mut self, turn: &Turn, at: &At) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        let services = find_services(w, &self.business.services);
        let wish = Wish::read(w, at, self.ear());
        let question = lexicon.is_question(w);
        let wants = lexicon.means("book_sure", w) || !services.is_empty() || !wish.is_empty();
        if self.task == Task::Booking {
            if self.asks_service(turn, lexicon) {
                return true;
            }
            let before = (self.draft.service, self.draft.wish.clone());
            if self.absorb(turn, at) {
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
        } else if self.task == Task::None && (wants || !question && lexicon.means("book", w)) {
            self.start_booking();
            self.draft.reason = Some(turn.text.trim().chars().take(200).collect());
            self.absorb(turn, at);
            // "Can I book one?" after a question about a service.
            if services.is_empty() && w.has_any(&["one", "it", "that"]) {
                self.draft.service = self.topic;
            }
            self.begin_booking(turn, wants, services, at);
            return true;
        }
        if question && !matches!(self.step, Step::Name | Step::Phone) && self.task != Task::Message && turn.sure {
            return self.unknown_question(turn);
        }
        if self.task == Task::None && self.take_name(turn) {
            self.say("help", &[]);
            return true;
        }
        false
    }

    pub(super) fn begin_booking(&mut self, turn: &Turn, sure: bool, services: Vec<usize>, at: &At) {
        if services.len() > 1 {
            return self.ask(Step::Service(services));
        }
        if !sure && self.draft.service.is_none() && self.business.services.len() > 1 && turn.words.len() > 3 {
            // "I'd like a haircut": wanted, but not offered.
            self.step = Step::Service(Vec::new());
            return self.say("unknown_service", &[]);
        }
        self.advance(at);
    }

    pub(super) fn unknown_question(&mut self, turn: &Turn) -> bool {
        self.intent("question");
        let about = format!("Asked: \"{}\"", turn.text.trim());
        if self.task == Task::Booking {
            // In the middle of a booking the question goes along as its reason, and the booking goes on.
            return false;
        }
        self.ask(Step::OfferMessage(about));
        true
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

/// Whether the step is answered by yes or no.
pub(super) fn is_yes_no(step: &Step) -> bool {
    matches!(
        step,
        Step::ConfirmPhone
            | Step::PhoneBack(_)
            | Step::ReadBack
            | Step::OfferService(_)
            | Step::OfferMessage(_)
            | Step::ConfirmEnd
    )
}

fn answer_is_not_asked(step: &Step, words: &Words) -> bool {
    !(is_yes_no(step) && words.is_any(&["please"]))
}

/// Yes or no: a refusal anywhere near the start wins, so that nothing is booked on "yes, no, wait".
pub(super) fn answer(words: &Words) -> Answer {
    let lexicon = &*ENGLISH;
    let bare = words.without_fillers();
    let (yes, no) = (lexicon.means("yes", words), lexicon.means("no", words) || lexicon.means("no", &bare));
    let reassuring = words.has("no problem")
        || words.has("no thats right")
        || words.has("no thats correct")
        || words.has("no thats fine");
    match (yes, no) {
        (true, true) if reassuring => Answer::Yes,
        (_, true) => Answer::No,
        (true, false) if !words.question => Answer::Yes,
        _ => Answer::Unclear,
    }
}

/// "the first", "number two", "the last one": the place among `count` choices, from zero.
pub(super) fn place(words: &Words, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    if words.has_any(&["last", "latter", "latest", "the later one", "later one", "the later"]) {
        return Some(last);
    }
    if words.has_any(&["former", "earliest", "the earlier one", "earlier one", "the earlier", "soonest", "sooner one"])
    {
        return Some(0);
    }
    if count == 3 && words.has_any(&["middle", "middle one"]) {
        return Some(1);
    }
    let said = (0..words.len()).find_map(|at| match ordinal(words, at) {
        Some((n, _)) => Some(n as usize),
        None if matches!(words.before(at), "number" | "option" | "choice") => number(words, at),
        None => None,
    });
    let bare = words.without_fillers();
    let said = said.or_else(|| if bare.len() == 1 { number(&bare, 0) } else { None });
    said.filter(|n| (1..=count).contains(n)).map(|n| n - 1)
}

fn number(words: &Words, at: usize) -> Option<usize> {
    match words.tokens.get(at)? {
        Token::Digits(digits) => digits.parse().ok(),
        Token::Word(word) => unit(word).map(|n| n as usize),
        _ => None,
    }
}
