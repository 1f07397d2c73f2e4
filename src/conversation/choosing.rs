//! Which of several: days, times, offers.

use super::agreement::{Answer, place};
use super::conversation::Conversation;
use super::dates::{DayWish, weekday};
use super::hearing::Turn;
use super::lexicon::ENGLISH;
use super::relative::leaning;
use super::slots::Slot;
use super::step::{Step, Task};
use super::times::{Clock, Ear, TimeWish};
use super::when::{At, Wish};
use super::words::{Token, Words};

impl Conversation {
    pub(super) fn which_day(&mut self, turn: &Turn, days: &[jiff::civil::Date], at: &At) -> bool {
        // "Not this week, the following one."
        let refused = turn.words.has_any(&["not this", "not the first"]);
        let wish = Wish::read(&turn.words, at, Ear::Expecting);
        if let Some(DayWish::One(said) | DayWish::AnyOf(said)) = &wish.days {
            let both: Vec<_> = days.iter().copied().filter(|d| said.contains(d)).collect();
            if wish.time.is_some() {
                self.draft.wish.time = wish.time.clone();
            }
            if let [day] = both.as_slice() {
                self.day_chosen(*day, at);
                return true;
            }
            if both.is_empty() {
                self.rewish(wish);
                self.advance(at);
                return true;
            }
        } else if let Some(DayWish::Span(from, to)) = &wish.days {
            let inside: Vec<_> = days.iter().copied().filter(|d| from <= d && d <= to).collect();
            if let ([day], false) = (inside.as_slice(), refused) {
                self.day_chosen(*day, at);
                return true;
            }
        }
        let offered = self.draft.offers.iter().map(|s| s.starts_at.to_zoned(at.business.timezone.clone()).date());
        if wish.days.is_none()
            && wish.time.is_some()
            && wish.time == self.draft.wish.time
            && offered.eq(days.iter().copied())
        {
            // The time of all that was offered, said once more: the first of them.
            self.day_chosen(days[0], at);
            return true;
        }
        let first = ["this one", "this week", "coming", "this coming", "nearest", "sooner", "earlier"];
        let last =
            ["next week", "next weeks", "week after", "following", "later", "one after", "after that", "the other"];
        let place = place(&turn.words, days.len())
            .or_else(|| (!refused && turn.words.has_any(&first)).then_some(0))
            .or_else(|| turn.words.has_any(&last).then_some(days.len() - 1));
        if let Some(n) = place {
            self.day_chosen(days[n], at);
            return true;
        }
        if ENGLISH.means("whichever_sure", &turn.words) {
            self.draft.wish.days = Some(DayWish::AnyOf(days.to_vec()));
            self.advance(at);
            return true;
        }
        false
    }

    pub(super) fn day_chosen(&mut self, day: jiff::civil::Date, at: &At) {
        self.draft.wish.days = Some(DayWish::One(vec![day]));
        self.advance(at);
    }

    pub(super) fn which_time(&mut self, turn: &Turn, times: &[jiff::civil::Time], at: &At) -> bool {
        let wish = Wish::read(&turn.words, at, Ear::Expecting);
        let fits = |t: &&jiff::civil::Time| match &wish.time {
            Some(TimeWish::At(clocks)) => clocks.iter().any(|c| c.candidates().contains(t)),
            Some(TimeWish::Part(from, to)) => *from <= **t && **t < *to,
            _ => turn.words.has("am") && t.hour() < 12 || turn.words.has("pm") && t.hour() >= 12,
        };
        let both: Vec<_> = times.iter().filter(fits).copied().collect();
        if let [time] = both.as_slice() {
            self.time_chosen(*time, at);
            return true;
        }
        if let Some(n) = place(&turn.words, times.len()) {
            self.time_chosen(times[n], at);
            return true;
        }
        false
    }

    pub(super) fn time_chosen(&mut self, time: jiff::civil::Time, at: &At) {
        self.draft.wish.time = Some(TimeWish::At(vec![Clock::sure(time)]));
        self.advance(at);
    }

    pub(super) fn offer_answered(&mut self, turn: &Turn, at: &At) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        let offers = self.draft.offers.clone();
        // "What was the second one?"
        if lexicon.means("read_again", w) {
            self.ask_again();
            return true;
        }
        let mut wish = Wish::read(w, at, Ear::Expecting);
        self.mean_offered_weekday(&mut wish, w, at);
        if let Some(DayWish::One(days)) = &mut wish.days
            && days.len() > 1
        {
            // "The Monday after": the one that is on offer.
            let zone = &at.business.timezone;
            let offered =
                |d: &jiff::civil::Date| offers.iter().any(|s| s.starts_at.to_zoned(zone.clone()).date() == *d);
            if days.iter().any(offered) {
                days.retain(offered);
            }
        }
        if let Some(n) = place(w, offers.len()).filter(|_| w.has_any(&["number", "option", "choice"])) {
            self.choose(offers[n], at);
            return true;
        }
        if wish.days.is_none() && lexicon.means("next_day", w) {
            let day = offers[0].starts_at.to_zoned(at.business.timezone.clone()).date();
            wish.days = Some(DayWish::One(vec![super::dates::plus(day, 1)]));
        }
        let refusing = lexicon.means("neither", w);
        let named = self.take_name(turn) | self.take_phone(turn);
        if !wish.is_empty() {
            let fitting = self.offers_fitting(&wish, at);
            if let ([slot], false) = (fitting.as_slice(), refusing && w.has("not")) {
                self.choose(*slot, at);
                return true;
            }
            let exactly = matches!(wish.time, Some(TimeWish::At(_))) || names_date(&wish, w);
            if let (Some(n), true) = (place(w, offers.len()), fitting.is_empty() && !exactly) {
                self.choose(offers[n], at);
                return true;
            }
            if fitting.len() > 1 && !refusing && (wish.days.is_some() && self.draft.offers.len() > fitting.len()) {
                self.draft.offers = fitting;
                self.ask_again();
                return true;
            }
            if exactly && wish.days.is_none() && !refusing && fitting.len() > 1 && fitting.len() == offers.len() {
                // All of them are at that time: only the day is left to ask for.
                self.draft.wish.time = wish.time;
                let zone = &at.business.timezone;
                let days = offers.iter().map(|s| s.starts_at.to_zoned(zone.clone()).date()).collect();
                self.ask(Step::WhichDay(days));
                return true;
            }
            if fitting.is_empty() || refusing {
                self.take_service(turn);
                self.wish_beyond_offers(wish, &offers, at);
                return true;
            }
        }
        self.offer_taken_or_left(turn, &offers, refusing, at)
            || named && {
                self.ask_again();
                true
            }
    }

    /// "On the Saturday", after a Saturday was offered that is not the next one, means the one offered.
    fn mean_offered_weekday(&self, wish: &mut Wish, words: &Words, at: &At) {
        let old = self.case.chosen.as_ref().filter(|_| self.task == Task::Moving);
        let old = old.map(|a| a.slot.starts_at.to_zoned(at.business.timezone.clone()).datetime());
        if let Some(base) = old.or(self.in_hand(at)) {
            let leaning = leaning(words, base);
            wish.time = wish.time.take().or(leaning.time);
        }
        wish.time = wish.time.take().or(self.same_about(words));
        let Some(DayWish::One(said)) = &wish.days else { return };
        let zone = &at.business.timezone;
        let offered = self.draft.offers.iter().map(|s| s.starts_at.to_zoned(zone.clone()).date());
        let same = |day: &jiff::civil::Date| said.iter().any(|d| d.weekday() == day.weekday());
        let mut alike: Vec<_> = offered.filter(same).collect();
        alike.dedup();
        let bare = (0..words.len()).any(|i| weekday(words.word(i)).is_some())
            && !words.has_any(&["this", "next", "before", "after", "week", "first"])
            && !words.tokens.iter().any(|t| matches!(t, Token::Ordinal(_) | Token::Slash(..)));
        if let ([day], true) = (alike.as_slice(), bare) {
            wish.days = Some(DayWish::One(vec![*day]));
        }
    }

    /// "The second", "later", "neither", "I don't mind": an answer without a day or time.
    fn offer_taken_or_left(&mut self, turn: &Turn, offers: &[Slot], refusing: bool, at: &At) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        if let Some(n) = place(w, offers.len()) {
            self.choose(offers[n], at);
            return true;
        }
        if lexicon.means("another_day", w) {
            self.another_day();
            return true;
        }
        if lexicon.means("later", w) || lexicon.means("earlier", w) {
            self.offer_shifted(lexicon.means("later", w), at);
            return true;
        }
        if turn.answer == Answer::Yes && offers.len() == 1 {
            self.choose(offers[0], at);
            return true;
        }
        let cannot = w.has_any(&["cant", "cannot", "none", "wont", "not"]);
        if lexicon.means("whichever_sure", w) && !cannot {
            self.choose(offers[0], at);
            return true;
        }
        if refusing || turn.answer == Answer::No {
            self.offer_others(at);
            return true;
        }
        if lexicon.means("whichever", w) {
            self.choose(offers[0], at);
            return true;
        }
        if turn.answer == Answer::Yes {
            self.ask_again();
            return true;
        }
        false
    }

    /// A new time keeps the offers' day when they share one.
    pub(super) fn wish_beyond_offers(&mut self, wish: Wish, offers: &[Slot], at: &At) {
        let date = |s: &Slot| s.starts_at.to_zoned(at.business.timezone.clone()).date();
        let shared = offers.first().map(date).filter(|d| offers.iter().all(|s| date(s) == *d));
        if let (None, Some(day)) = (&wish.days, shared) {
            self.draft.wish.days = Some(DayWish::One(vec![day]));
        }
        self.rewish(wish);
        self.advance(at);
    }
}

/// "The Tuesday, the first": the first of the month, and of no list.
fn names_date(wish: &Wish, words: &Words) -> bool {
    let named = words.tokens.iter().any(|token| matches!(token, Token::Word(word) if weekday(word).is_some()));
    named && matches!(&wish.days, Some(DayWish::One(days)) if days.len() == 1)
}
