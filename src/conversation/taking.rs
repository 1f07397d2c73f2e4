//! Slots filled or corrected by a turn, whatever it was an answer to.

use jiff::civil::DateTime;

use super::agreement::{Answer, answer};
use super::answering::corrective;
use super::conversation::Conversation;
use super::dates::DayWish;
use super::lexicon::ENGLISH;
use super::names::find_name;
use super::numbers::{dictated, dictated_in_hundreds};
use super::phone::{Phone, check};
use super::relative::{leaning, same_time};
use super::services::{find_services, wanted_services};
use super::step::{Step, Task};
use super::times::{Clock, Ear, TimeWish};
use super::when::{At, Wish};
use super::words::{Token, Words};

use super::hearing::Turn;

/// Likeness from which a name said later is the name we have, said better.
const ALIKE: f64 = 0.6;
/// From so many digits on it is a phone number.
const NUMBER_DIGITS: usize = 7;

impl Conversation {
    /// Takes every slot the turn fills or changes; true when there was one.
    pub(super) fn absorb(&mut self, turn: &Turn, at: &At) -> bool {
        if self.task == Task::Moving {
            // Only the time changes; a number said now is no time.
            let number = dictated(&turn.words, false).digits.len() >= NUMBER_DIGITS;
            return !number && self.take_new_time(turn, at);
        }
        let phone = self.take_phone(turn);
        let service = self.take_service(turn);
        let staff = self.take_staff(turn);
        let named = self.take_name(turn);
        let when =
            if phone { self.take_wish(&without_digits(&turn.words), at) } else { self.take_wish(&turn.words, at) };
        phone || service || staff || named || when
    }

    fn take_new_time(&mut self, turn: &Turn, at: &At) -> bool {
        let old = self.case.chosen.as_ref().map(|a| a.slot.starts_at.to_zoned(self.business.timezone.clone()));
        let relative = old.is_some_and(|old| !leaning(&turn.words, old.datetime()).is_empty());
        let taken = self.take_wish(&turn.words, at);
        if taken || relative {
            self.draft.slot = None;
            self.wish_from_old(&turn.words);
        }
        taken || relative
    }

    pub(super) fn take_service(&mut self, turn: &Turn) -> bool {
        let mut wanted = wanted_services(&turn.words, &self.business.services);
        if wanted.len() == 2 {
            // "Not a polish, a wash": the one we have is taken back.
            wanted.retain(|service| self.draft.service != Some(*service));
        }
        match wanted.as_slice() {
            [service] if self.draft.service != Some(*service) => {
                // Another length may not fit the slot agreed on.
                if self.draft.service.is_some() {
                    self.draft.slot = None;
                }
                self.draft.service = Some(*service);
                true
            }
            _ => false,
        }
    }

    pub(super) fn take_name(&mut self, turn: &Turn) -> bool {
        let corrected = self.step == Step::ReadBack || self.step == Step::Change;
        let name = find_name(turn.text, false, self.language()).or_else(|| {
            // At read-back "no, it's for Jane" corrects the name, "it's Wednesday" does not.
            let spelled = turn.text.split_whitespace().any(|w| w.matches('-').count() >= 2);
            let other = turn.words.has("im not") && turn.words.tokens.len() <= 7;
            let starts =
                corrected && (spelled || other || turn.words.has_any(&["its for", "be for", "name", "its spelled"]));
            starts.then(|| find_name(turn.text, true, self.language())).flatten()
        });
        let service =
            |name: &String| !find_services(&turn.words.same_language(name), &self.business.services).is_empty();
        let name = name.or_else(|| self.renamed(turn)).filter(|name| !service(name));
        match name.filter(|_| turn.clear) {
            Some(name) if self.outcome.name.as_ref() != Some(&name) => {
                self.outcome.name = Some(name);
                true
            }
            _ => false,
        }
    }

    /// "Not Mills, it's Catherine Wills": a name much like the one we have.
    fn renamed(&self, turn: &Turn) -> Option<String> {
        let known = self.outcome.name.as_ref()?.to_lowercase();
        let said = find_name(turn.text, true, self.language())?;
        let lower = said.to_lowercase();
        let shared = lower.split(' ').any(|word| known.split(' ').any(|k| k == word)) && lower.contains(' ');
        (shared || strsim::normalized_damerau_levenshtein(&known, &lower) > ALIKE).then_some(said)
    }

    pub(super) fn take_phone(&mut self, turn: &Turn) -> bool {
        let said = self.whole_number(&turn.words);
        match check(&said, &self.business.country) {
            Phone::Valid(number) if self.outcome.phone.as_ref() != Some(&number) => {
                self.outcome.phone = Some(number);
                true
            }
            _ => false,
        }
    }

    /// The digits dictated, in the reading that is a number.
    pub(super) fn whole_number(&self, words: &Words) -> String {
        let all = dictated(words, true);
        let plain = match stretch(&all.used) {
            // "On 617 555 2671 after five": the hour is none of it.
            Some((from, to)) if all.digits.len() > NUMBER_DIGITS => {
                let longest = dictated(&words.part(from, to), true).digits;
                let whole = matches!(check(&longest, &self.business.country), Phone::Valid(_));
                if whole { longest } else { all.digits }
            }
            _ => all.digits,
        };
        let valid = |digits: &str| matches!(check(digits, &self.business.country), Phone::Valid(_));
        match dictated_in_hundreds(words) {
            Some(other) if !valid(&plain) && valid(&other.digits) => other.digits,
            _ => plain,
        }
    }

    pub(super) fn take_wish(&mut self, words: &Words, at: &At) -> bool {
        let late = matches!(self.step, Step::Name | Step::ConfirmPhone) && corrective(words);
        self.take_wish_as(words, if late { Ear::Expecting } else { self.ear() }, at)
    }

    /// A time said where a name was asked for.
    pub(super) fn late_wish(&mut self, turn: &Turn, at: &At) -> bool {
        self.take_wish_as(&turn.words, Ear::Expecting, at)
    }

    fn take_wish_as(&mut self, words: &Words, ear: Ear, at: &At) -> bool {
        let mut wish = Wish::read(words, at, ear);
        if let Some(base) = self.in_hand(at) {
            let leaning = leaning(words, base);
            wish.days = wish.days.or(leaning.days);
            wish.time = wish.time.or(leaning.time);
        }
        wish.time = wish.time.or(self.same_about(words));
        self.beside_made(words, &mut wish);
        if wish.is_empty() {
            return false;
        }
        if let (Some(DayWish::One(said)), Some(DayWish::One(had))) = (&mut wish.days, &self.draft.wish.days)
            && said.len() > 1
            && had.len() == 1
            && corrective(words)
        {
            // "Wednesday the kids are home, Thursday": the day we have is taken back.
            said.retain(|day| !had.contains(day));
        }
        if let (Some(DayWish::One(said)), Some(slot)) = (&mut wish.days, self.draft.slot) {
            // "Thursday's Thanksgiving, better do Friday": of two weekdays the one we have is not meant.
            let had = slot.starts_at.to_zoned(at.business.timezone.clone()).date();
            if said.contains(&had) && said.iter().any(|d| d.weekday() != had.weekday()) {
                said.retain(|d| d.weekday() != had.weekday());
            }
        }
        if let Some(slot) = self.draft.slot {
            let local = slot.starts_at.to_zoned(at.business.timezone.clone());
            let same_day = match &wish.days {
                // "Yes, Thursday" agrees, whichever Thursday was read out.
                Some(DayWish::One(days)) => {
                    let named = answer(words) == Answer::Yes && days.iter().all(|d| d.weekday() == local.weekday());
                    days.contains(&local.date()) || named && !days.is_empty() && wish.not.is_empty()
                }
                None => true,
                _ => false,
            };
            let same_time = match &wish.time {
                Some(TimeWish::At(clocks)) => clocks.iter().any(|c| c.candidates().contains(&local.time())),
                Some(TimeWish::Part(from, to)) => *from <= local.time() && local.time() < *to,
                Some(TimeWish::Any) | None => true,
                _ => false,
            };
            if same_day && same_time && !wish.not.contains(&local.date()) {
                return false;
            }
        }
        self.rewish(wish);
        true
    }
}

impl Conversation {
    /// "Same time", of a time that was only about right: that time.
    pub(super) fn same_about(&self, words: &Words) -> Option<TimeWish> {
        match &self.draft.wish.time {
            Some(TimeWish::Around(clock)) if same_time(words) => Some(TimeWish::At(vec![*clock])),
            _ => None,
        }
    }

    /// "Right after it", "four thirty for her sister too": the day of what was just booked, and the time that follows it.
    fn beside_made(&self, words: &Words, wish: &mut Wish) {
        let fresh = self.task == Task::Booking && self.draft.slot.is_none() && self.draft.search.spans.is_empty();
        let Some(made) = self.outcome.booking.as_ref().filter(|_| fresh && wish.days.is_none()) else { return };
        let local = |t: jiff::Timestamp| t.to_zoned(self.business.timezone.clone()).datetime();
        let follows = ENGLISH.means("right_after", words);
        if follows || wish.time.is_some() && ENGLISH.means("as_well", words) {
            wish.days = Some(DayWish::One(vec![local(made.starts_at).date()]));
        }
        if follows {
            let next = TimeWish::At(vec![Clock::sure(local(made.ends_at).time())]);
            wish.time = match wish.time.take() {
                // "Right after, four thirty".
                Some(TimeWish::After(clock)) => Some(TimeWish::At(vec![clock])),
                said => said.or(Some(next)),
            };
        }
    }

    /// The time talked about: agreed on, or asked for and not to be had, or booked just before.
    pub(super) fn in_hand(&self, at: &At) -> Option<DateTime> {
        let made = self.outcome.booking.as_ref().map(|b| b.starts_at);
        let start = self.draft.slot.map(|s| s.starts_at).or(self.draft.search.exact).or(made);
        let booking = start.filter(|_| self.task == Task::Booking);
        booking.map(|start| start.to_zoned(at.business.timezone.clone()).datetime())
    }
}

/// The words beside a number dictated: its digits are no times.
pub(super) fn without_digits(words: &Words) -> Words {
    let used = dictated(words, true).used;
    let keep = |(i, token): (usize, &Token)| if used[i] { Token::Word("um".into()) } else { token.clone() };
    Words { tokens: words.tokens.iter().enumerate().map(keep).collect(), ..words.clone() }
}

/// The longest stretch of tokens that are digits.
fn stretch(used: &[bool]) -> Option<(usize, usize)> {
    let mut best = None;
    let mut from = 0;
    while from < used.len() {
        let to = (from..used.len()).find(|i| !used[*i]).unwrap_or(used.len());
        if to > from && best.is_none_or(|(a, b)| to - from > b - a) {
            best = Some((from, to));
        }
        from = to + 1;
    }
    best
}
