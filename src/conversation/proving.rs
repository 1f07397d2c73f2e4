//! Verified before told: the check on a caller before anything about a person is said. Nothing that is said on the way
//! differs between a caller who is known and one who is not.

use jiff::civil::Date;

use super::business::Verify;
use super::conversation::{Conversation, is_name};
use super::dates::month_name;
use super::escalation::Reason;
use super::hearing::Turn;
use super::numbers::{cardinal, ordinal, unit};
use super::slots::Appointment;
use super::step::Step;
use super::when::At;
use super::words::{Token, Words};

/// Wrong answers after which it is not asked again in this call.
const TRIES: u8 = 3;
/// Characters of a confirmation that are asked for.
const REFERENCE_CHARS: usize = 4;

impl Conversation {
    /// Whether the caller still has to show something that only the person knows.
    pub(super) fn must_prove(&self) -> bool {
        self.business.verify.is_asked() && !self.proved
    }

    /// Asks for it, unless it was answered wrong too often.
    pub(super) fn ask_proof(&mut self) {
        match self.proof_tries >= TRIES {
            true => self.proof_failed(),
            false => self.ask(Step::Proof),
        }
    }

    /// An answer to the check; false when there was none in it.
    pub(super) fn proof_heard(&mut self, turn: &Turn, at: &At) -> bool {
        let answer = match self.business.verify {
            Verify::BirthDate => spoken_date(&turn.words, month_first(&self.business.country)).map(Answered::Day),
            _ => Some(code(&turn.words)).filter(|c| c.len() >= REFERENCE_CHARS).map(Answered::Code),
        };
        answer.is_some_and(|answer| {
            self.proof_given(answer, at);
            true
        })
    }

    /// The same, typed.
    pub(super) fn proof_keyed(&mut self, keys: &str, at: &At) {
        let answer = match self.business.verify {
            Verify::BirthDate => typed_date(keys, month_first(&self.business.country)).map(Answered::Day),
            _ => Some(Answered::Code(plain(keys))),
        };
        match answer {
            Some(answer) => self.proof_given(answer, at),
            None => self.missed(at),
        }
    }

    fn proof_given(&mut self, answer: Answered, at: &At) {
        let known = self.known.as_ref().map(|k| &k.proof);
        let right = match (self.business.verify, answer) {
            (Verify::BirthDate, Answered::Day(said)) => {
                known.and_then(|p| p.birth_date).is_some_and(|date| said.is(date))
            }
            (Verify::Zip, Answered::Code(said)) => known.and_then(|p| p.zip.as_ref()).is_some_and(|z| plain(z) == said),
            (Verify::Reference, Answered::Code(said)) => {
                // Only the calendar knows: it is asked whoever calls.
                self.reference = Some(said);
                return self.look_up(at);
            }
            _ => false,
        };
        match right {
            true => self.proof_right(at),
            false => self.proof_wrong(),
        }
    }

    fn proof_right(&mut self, at: &At) {
        self.proved = true;
        if let (None, Some(known)) = (&self.outcome.name, &self.known) {
            self.outcome.name = Some(known.name.clone()).filter(|n| is_name(n));
        }
        self.advance(at);
    }

    fn proof_wrong(&mut self) {
        self.proof_tries = self.proof_tries.saturating_add(1);
        if self.proof_tries < TRIES {
            self.say("proof_wrong", &[]);
        }
        self.ask_proof();
    }

    fn proof_failed(&mut self) {
        self.press(Reason::Failure);
        let about = self.appointment_wish();
        if !self.put_through(Reason::Failure, None, about.as_deref()) {
            self.pass_case_on("proof_failed");
        }
    }

    /// Whether the reference said is one of an appointment found; the calendar's answer waits for nothing else.
    pub(super) fn reference_matches(&mut self, found: &[Appointment], at: &At) -> bool {
        let Some(said) = self.reference.take() else { return true };
        let tail = |a: &Appointment| {
            let id = plain(&a.id);
            id.chars().skip(id.chars().count().saturating_sub(REFERENCE_CHARS)).collect::<String>()
        };
        match found.iter().any(|a| tail(a) == said) {
            true => self.proof_right(at),
            false => self.proof_wrong(),
        }
        false
    }
}

enum Answered {
    Day(SpokenDate),
    Code(String),
}

/// A date of birth as said: a year of two digits fits either century.
struct SpokenDate {
    day: u32,
    month: u32,
    year: u32,
}

impl SpokenDate {
    fn is(&self, date: Date) -> bool {
        let year = u32::from(date.year().unsigned_abs());
        let years = self.year == year || self.year < 100 && self.year == year % 100;
        let (month, day) = (u32::from(date.month().unsigned_abs()), u32::from(date.day().unsigned_abs()));
        years && self.month == month && self.day == day
    }
}

/// "March 3rd 1985", "the third of March eighty five", "3/3/1985": one date and no other.
fn spoken_date(words: &Words, month_first: bool) -> Option<SpokenDate> {
    if let Some(Token::Slash(a, b, Some(year))) = words.tokens.iter().find(|t| matches!(t, Token::Slash(..))) {
        let (month, day) = if month_first { (*a, *b) } else { (*b, *a) };
        return Some(SpokenDate { day, month, year: *year });
    }
    let months: Vec<u32> = (0..words.len()).filter_map(|at| month_name(words.word(at))).collect();
    let mut numbers = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match ordinal(words, at).or_else(|| cardinal(words, at)) {
            Some((n, length)) => {
                numbers.push(n);
                at += length;
            }
            None => at += 1,
        }
    }
    let joined = |a: u32, b: u32| if a == 2 { 2000 + b } else { a * 100 + b };
    let ([month], numbers) = (months.as_slice(), numbers.as_slice()) else { return None };
    let (day, year) = match numbers {
        [day, year] => (*day, *year),
        [day, century @ (2 | 19 | 20), year] if *year < 100 => (*day, joined(*century, *year)),
        _ => return None,
    };
    Some(SpokenDate { day, month: *month, year })
}

/// "03031985".
fn typed_date(keys: &str, month_first: bool) -> Option<SpokenDate> {
    let part = |from: usize, to: usize| keys.get(from..to).and_then(|p| p.parse::<u32>().ok());
    let (first, second, year) = (part(0, 2)?, part(2, 4)?, part(4, 8).filter(|_| keys.len() == 8)?);
    let (month, day) = if month_first { (first, second) } else { (second, first) };
    Some(SpokenDate { day, month, year })
}

/// Digits and single letters in order: "SW1A 1AA", "six oh six one one".
fn code(words: &Words) -> String {
    let mut code = String::new();
    for token in &words.tokens {
        match token {
            Token::Digits(digits) => code.push_str(digits),
            Token::Word(word) if matches!(word.as_str(), "oh" | "o") => code.push('0'),
            Token::Word(word) => match unit(word) {
                Some(n) => code.push_str(&n.to_string()),
                None if word.chars().count() == 1 && word != "i" || word.chars().any(|c| c.is_ascii_digit()) => {
                    code.push_str(word)
                }
                None => {}
            },
            _ => {}
        }
    }
    plain(&code)
}

/// Letters and digits; those that sound or look alike are one.
fn plain(text: &str) -> String {
    let upper = text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
    upper.replace('O', "0").replace('I', "1")
}

fn month_first(country: &str) -> bool {
    matches!(country, "US" | "CA" | "PR" | "PH")
}
