//! Slots filled or corrected by a turn, whatever it was an answer to.

use super::conversation::Conversation;
use super::dates::DayWish;
use super::names::find_name;
use super::numbers::{dictated, dictated_in_hundreds};
use super::phone::{Phone, check};
use super::services::wanted_services;
use super::step::{Step, Task};
use super::times::TimeWish;
use super::when::{At, Wish};
use super::words::Words;

use super::hearing::Turn;

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
        let when = !phone && self.take_wish(turn, at);
        phone || service || staff || named || when
    }

    fn take_new_time(&mut self, turn: &Turn, at: &At) -> bool {
        let relative = turn.words.has_any(&["same day", "same time"]);
        let taken = self.take_wish(turn, at);
        if taken || relative {
            self.draft.slot = None;
            self.wish_from_old(&turn.words);
        }
        taken || relative
    }

    pub(super) fn take_service(&mut self, turn: &Turn) -> bool {
        match wanted_services(&turn.words, &self.business.services).as_slice() {
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
        match name.filter(|_| turn.clear) {
            Some(name) if self.outcome.name.as_ref() != Some(&name) => {
                self.outcome.name = Some(name);
                true
            }
            _ => false,
        }
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
        let plain = dictated(words, true).digits;
        let valid = |digits: &str| matches!(check(digits, &self.business.country), Phone::Valid(_));
        match dictated_in_hundreds(words) {
            Some(other) if !valid(&plain) && valid(&other.digits) => other.digits,
            _ => plain,
        }
    }

    pub(super) fn take_wish(&mut self, turn: &Turn, at: &At) -> bool {
        let wish = Wish::read(&turn.words, at, self.ear());
        if wish.is_empty() {
            return false;
        }
        if let Some(slot) = self.draft.slot {
            let local = slot.starts_at.to_zoned(at.business.timezone.clone());
            let same_day = match &wish.days {
                Some(DayWish::One(days)) => days.contains(&local.date()),
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
