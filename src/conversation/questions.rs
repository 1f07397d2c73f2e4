//! Questions: answered from what the business has told, then back to where the call was.

use super::agreement::Answer;
use super::business::Faq;
use super::conversation::Conversation;
use super::dates::DayWish;
use super::faq::{Asked, find_answer};
use super::flows::Kind;
use super::hearing::Turn;
use super::lexicon::{ENGLISH, Lexicon};
use super::outcome::Outcome;
use super::services::find_services;
use super::spoken;
use super::step::{Step, Task};
use super::times::Ear;
use super::when::{At, Wish};
use super::words::{Token, Words};

/// Most words of "sorry, which day was it?".
const SHORT_QUESTION: usize = 8;
/// Longest reason kept with a booking, characters.
const MAX_REASON_CHARS: usize = 400;
/// Likeness from which a question is a FAQ, whatever else its words could mean.
const PLAINLY_LIKE: f32 = 0.7;

impl Conversation {
    /// Questions: answered, then back to where we were, or on to the booking asked for in the same breath.
    pub(super) fn information(&mut self, turn: &Turn, lexicon: &Lexicon, at: &At) -> bool {
        let w = &turn.words;
        if !self.flow(Kind::Faq).on {
            return false;
        }
        let question = lexicon.is_question(w);
        let booking = lexicon.means("book_sure", w);
        if self.asks_hours(turn) && !(booking && self.task.is_appointment()) {
            self.intent("hours");
            let day = match Wish::read(w, at, Ear::Open).days {
                Some(DayWish::One(days)) => days.first().copied(),
                _ => None,
            };
            let business = self.business.clone();
            let text = day.map_or_else(|| spoken::hours(&business), |d| spoken::hours_on(&business, d));
            self.speak(text);
            if lexicon.means("address", w) && self.business.address.is_some() {
                self.intent("address");
                self.say("address", &[]);
            }
            return self.informed(turn, at);
        }
        if lexicon.means("address", w) {
            self.intent("address");
            if self.task.is_scheduling() && self.business.address.is_some() && self.absorb(turn, at) {
                // "Wednesday at noon, and where do I go?"
                self.say("address", &[]);
                self.informed = true;
                self.advance(at);
                return true;
            }
            self.say(if self.business.address.is_some() { "address" } else { "no_address" }, &[]);
            return self.informed(turn, at);
        }
        let times = self.step == Step::When || self.step == Step::Offer;
        let slots = times && lexicon.means("available", w)
            || !find_services(w, &self.business.services).is_empty() && !Wish::read(w, at, Ear::Open).is_empty();
        if lexicon.means("services", w) && question && self.step != Step::Change && !slots {
            // "What would you like to book" names them too.
            if !matches!(self.step, Step::Service(_)) {
                self.say("services", &[]);
            }
            return self.informed(turn, at);
        }
        let open = self.step == Step::Open && find_services(w, &self.business.services).is_empty() && !booking;
        (asks(w, lexicon) || open) && self.known_question(turn, lexicon, at)
            || self.own_booking(turn)
            || self.duration(turn, at)
    }

    /// A question so like one of the business's own that other readings of its words do not matter: "what happens if I
    /// have to cancel?" cancels nothing.
    pub(super) fn plain_question(&mut self, turn: &Turn, lexicon: &Lexicon, at: &At) -> bool {
        let w = &turn.words;
        let like = turn.answers.first().is_some_and(|(_, like)| *like >= PLAINLY_LIKE);
        let wish = ["change", "existing", "person", "message", "book_sure"].iter().any(|m| lexicon.means(m, w));
        like && self.flow(Kind::Faq).on
            && asks(w, lexicon)
            && (!wish || lexicon.means("fact_ask", w))
            && self.known_question(turn, lexicon, at)
    }

    /// One the business has written the answer to.
    fn known_question(&mut self, turn: &Turn, lexicon: &Lexicon, at: &At) -> bool {
        let (w, business) = (&turn.words, self.business.clone());
        // "Can I get a cleaning?" wants one, and no price.
        let named = !find_services(w, &business.services).is_empty();
        let wants = named && lexicon.means("book_ask", w) && !lexicon.means("asks_price", w);
        let asked = Asked {
            words: w,
            answers: turn.answers,
            question: asks(w, lexicon),
            midway: self.step != Step::Open,
            aside: wants || lexicon.means("book_sure", w) || !Wish::read(w, at, Ear::Open).is_empty(),
        };
        let Some(faq) = find_answer(&asked, &business.faqs, &business.services, lexicon) else { return false };
        self.tell_faq(faq, turn, at)
    }

    /// Says the answer, then goes back to where the call was.
    pub(super) fn tell_faq(&mut self, faq: &Faq, turn: &Turn, at: &At) -> bool {
        self.enter(Kind::Faq);
        self.speak(faq.answer.clone());
        self.informed(turn, at)
    }

    /// "Are you open?", "what time do you shut?", not "do you have anything open".
    pub(super) fn asks_hours(&self, turn: &Turn) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        // "Are you open Thursday at two for a check-up?" wants the check-up.
        let clock =
            w.has_any(&["am", "pm", "oclock", "noon"]) || w.tokens.iter().any(|t| matches!(t, Token::Clock(..)));
        if clock && !find_services(w, &self.business.services).is_empty() {
            return false;
        }
        let worded = lexicon.means("hours_word", w) && !lexicon.means("hours_not", w) && lexicon.asks_something(w);
        lexicon.means("hours", w) || lexicon.is_only("hours_only", w) || worded
    }

    /// "When was that again?" after a booking made in this call.
    fn own_booking(&mut self, turn: &Turn) -> bool {
        let Outcome { booking, moved, .. } = &self.outcome;
        let Some(booking) = booking.clone().or(moved.clone()) else { return false };
        if self.task != Task::None || !ENGLISH.means("own_booking", &turn.words) || turn.words.len() > SHORT_QUESTION {
            return false;
        }
        let business = self.business.clone();
        let name = business.services.iter().find(|s| s.id == booking.service).map_or("", |s| s.name.as_str());
        let time = self.language().moment(booking.starts_at, &business.timezone);
        self.say("booked", &[("service", name), ("a_service", &self.language().with_article(name)), ("time", &time)]);
        self.ask_again();
        true
    }

    /// "How long does that take?"
    fn duration(&mut self, turn: &Turn, at: &At) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        if !lexicon.means("duration", w) || lexicon.means("not_duration", w) {
            return false;
        }
        let named = find_services(w, &self.business.services).first().copied();
        let service = named.or(self.draft.service).or(self.topic);
        let Some(service) = service.and_then(|i| self.business.services.get(i)) else { return false };
        let minutes = service.minutes.to_string();
        self.say("duration", &[("minutes", &minutes)]);
        if self.task == Task::Booking && self.draft.service.is_none() {
            self.draft.service = named;
            self.advance(at);
            return true;
        }
        self.informed(turn, at)
    }

    /// Asked about what was just asked, or why: said again, with the reason.
    pub(super) fn asked_back(&mut self, turn: &Turn) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        let personal = matches!(self.step, Step::Name | Step::ConfirmPhone | Step::Phone | Step::Email);
        if personal && lexicon.means("why_need", w) {
            self.say("why_contact", &[]);
        } else if lexicon.means("told_already", w) && self.step != Step::Open {
            self.say("apology", &[]);
        } else if self.step == Step::Open
            || !lexicon.means("which_part", w)
            || w.len() > SHORT_QUESTION
            || turn.answer == Answer::Yes
        {
            return false;
        }
        self.ask_again();
        true
    }

    /// A question nobody has written the answer to.
    pub(super) fn unknown_question(&mut self, turn: &Turn) -> bool {
        self.lost = turn.clear;
        if self.step == Step::ReadBack && ENGLISH.means("suggests", &turn.words) {
            // Something else is wished, and what it is was not made out: never read back as if nothing had been said.
            let timed = ["later", "earlier", "what_time"].iter().any(|of| ENGLISH.means(of, &turn.words));
            match self.task {
                Task::Booking if timed => self.another_day(),
                Task::Moving => self.another_day(),
                _ => self.ask(Step::Change),
            }
            return true;
        }
        self.intent("question");
        let about = self.language().phrase("note_asked", &[("text", turn.text.trim())]);
        if self.task.is_appointment() {
            // The question goes to the office with the booking, and the booking goes on.
            let reason = self.draft.reason.take().map_or_else(|| about.clone(), |r| format!("{r} {about}"));
            self.draft.reason = Some(reason.chars().take(MAX_REASON_CHARS).collect());
            self.say("unknown_aside", &[]);
            self.ask_again();
            return true;
        }
        self.ask(Step::OfferMessage(about));
        true
    }

    fn informed(&mut self, turn: &Turn, at: &At) -> bool {
        self.informed = true;
        let books = ENGLISH.means("book_sure", &turn.words) && !ENGLISH.means("whether_booked", &turn.words);
        if self.task == Task::None && books && !turn.words.has("open") {
            self.start_booking();
            self.absorb(turn, at);
            self.advance(at);
        } else if self.step == Step::Name && self.outcome.name.is_none() && self.take_name(turn) {
            // "Ann Lee, and is there parking?"
            self.advance(at);
        } else {
            if matches!(
                self.step,
                Step::OfferService(_) | Step::OfferMessage(_) | Step::OfferPass(_) | Step::ConfirmEnd
            ) {
                self.step = Step::Open;
            }
            self.ask_again();
        }
        true
    }
}

/// Whether something is asked, wherever the question stands in it.
fn asks(words: &Words, lexicon: &Lexicon) -> bool {
    lexicon.is_question(words)
        || lexicon.asks_something(words)
        || lexicon.means("asks_inside", words)
        || lexicon.means("asks_price", words)
}
