//! What is said beside a wish and is none: when somebody becomes free or has to go, the day of something else, and what
//! a day is taken up with.

use super::dates::{day_length, weekday};
use super::lexicon::ENGLISH;
use super::mine::names_appointment;
use super::services::find_services;
use super::times::clock_length;
use super::translation::MARK;
use super::when::{At, month_first};
use super::words::{Token, Words};

/// A text told apart.
pub(super) struct Apart {
    /// What is left of it to be wished.
    pub(super) wish: Words,
    /// The same with the bounds that its asides set.
    pub(super) bounds: Words,
}

/// Tokens that are an aside, and what stands for them.
struct Aside {
    from: usize,
    to: usize,
    /// In the wish.
    wish: Vec<Token>,
    /// In the bounds.
    bound: Vec<Token>,
}

/// How far before "finish" its subject stands, tokens.
const SUBJECT_REACH: usize = 3;
/// How far after "finish" its time stands, tokens.
const TIME_REACH: usize = 5;
/// How far before "is the 19th" the thing begins, tokens.
const THING_REACH: usize = 5;
/// How far from a day what takes it up is said, tokens.
const HABIT_REACH: usize = 5;
/// How far after "Tuesday's" what is on that day is named, tokens.
const OWNED_REACH: usize = 3;

/// The asides of a text; none when it has none.
pub(super) fn apart(words: &Words, at: &At) -> Option<Apart> {
    let reader = Reader { words, at };
    let mut asides: Vec<Aside> = Vec::new();
    let mut from = 0;
    while from < words.len() {
        match reader.aside(from) {
            Some(aside) => {
                from = aside.to.max(from + 1);
                asides.push(aside);
            }
            None => from += 1,
        }
    }
    if asides.is_empty() {
        return None;
    }
    let told = |of: &dyn Fn(&Aside) -> &Vec<Token>| {
        let mut tokens = Vec::with_capacity(words.len());
        let mut next = 0;
        for aside in &asides {
            tokens.extend_from_slice(&words.tokens[next.min(aside.from)..aside.from]);
            tokens.extend(of(aside).iter().cloned());
            next = aside.to;
        }
        tokens.extend_from_slice(&words.tokens[next.min(words.len())..]);
        words.with(tokens)
    };
    Some(Apart { wish: told(&|aside| &aside.wish), bounds: told(&|aside| &aside.bound) })
}

struct Reader<'a> {
    words: &'a Words,
    at: &'a At<'a>,
}

impl Reader<'_> {
    /// The aside that begins at a token.
    fn aside(&self, from: usize) -> Option<Aside> {
        self.bound(from)
            .or_else(|| self.bound_told_first(from))
            .or_else(|| self.engaged(from))
            .or_else(|| self.event(from))
            .or_else(|| self.habit(from))
    }

    fn day(&self, at: usize) -> Option<usize> {
        day_length(self.words, at, self.at.now.date(), month_first(&self.at.business.country))
    }

    fn means(&self, meaning: &str, from: usize, to: usize) -> bool {
        ENGLISH.means(meaning, &self.words.part(from, to))
    }

    /// Whether it names one of these, its "is" contracted or not.
    fn means_bare(&self, meaning: &str, name: &Words) -> bool {
        let mut bare = name.clone();
        if let Some(Token::Word(last)) = bare.tokens.last_mut() {
            *last = last.strip_suffix('s').unwrap_or(last).to_string();
        }
        ENGLISH.means(meaning, name) || ENGLISH.means(meaning, &bare)
    }

    /// "I finish at half five", "school's out at three", "I work until six": free from then on. "I have to leave by
    /// four": free until then.
    fn bound(&self, from: usize) -> Option<Aside> {
        let w = self.words;
        let by_verb = ["frees", "frees_sure", "busy", "leaves"]
            .into_iter()
            .find_map(|meaning| ENGLISH.length_at(meaning, w, from).map(|length| (meaning, from + length)));
        let (meaning, verb_ends) = by_verb?;
        let subject = (from.saturating_sub(SUBJECT_REACH)..from).rev();
        let subject =
            subject.take_while(|i| !matches!(w.word(*i), "you" | "to")).any(|i| self.means("subject", i, i + 1));
        if meaning == "frees" && !subject {
            return None;
        }
        let gap = |i: &usize| (verb_ends..*i).all(|i| self.is_between(i));
        let when = (verb_ends..verb_ends + TIME_REACH).take_while(gap).find(|i| self.moment(*i, meaning).is_some())?;
        let to = when + self.moment(when, meaning)?;
        let until = (verb_ends..when).any(|i| matches!(w.word(i), "until" | "till" | "til"));
        if meaning == "busy" && !until {
            return None;
        }
        let clock = clock_length(w, when).is_some();
        let word = match (meaning, clock) {
            ("leaves", _) => "before",
            (_, true) => "after",
            // Who is away until Thursday may be back on Thursday.
            (_, false) => "from",
        };
        let mut bound = vec![gone(), Token::Word(word.into())];
        bound.extend_from_slice(&w.tokens[when..to]);
        Some(Aside { from, to, wish: vec![gone()], bound })
    }

    /// "At two I pick up the kids": free until then.
    fn bound_told_first(&self, from: usize) -> Option<Aside> {
        let w = self.words;
        let clock = from + usize::from(w.word(from) == "at");
        let ends = clock + clock_length(w, clock)?;
        let to = (ends..ends + 2).find_map(|at| Some(at + ENGLISH.length_at("leaves", w, at)?))?;
        // "At two, I have to leave by four": the other time is the verb's.
        if (to..to + TIME_REACH).any(|at| clock_length(w, at).is_some()) {
            return None;
        }
        let mut bound = vec![gone(), Token::Word("before".into())];
        bound.extend_from_slice(&w.tokens[clock..ends]);
        Some(Aside { from, to, wish: vec![gone()], bound })
    }

    /// "I've a meeting at two": a time that is taken, and bounds nothing unless it says so.
    fn engaged(&self, from: usize) -> Option<Aside> {
        let w = self.words;
        let verb_ends = from + ENGLISH.length_at("engaged", w, from)?;
        if let Some(aside) = self.engaged_on(from, verb_ends) {
            return Some(aside);
        }
        let clock = (verb_ends..verb_ends + 2).find(|at| w.word(*at) == "at")? + 1;
        let to = clock + clock_length(w, clock)?;
        Some(Aside { from, to, wish: vec![gone()], bound: self.bound_if_before(clock, to) })
    }

    /// Nothing, or before these tokens when "before that" is said.
    fn bound_if_before(&self, from: usize, to: usize) -> Vec<Token> {
        let mut bound = vec![gone()];
        if self.means("before_that", 0, self.words.len()) {
            bound.push(Token::Word("before".into()));
            bound.extend_from_slice(&self.words.tokens[from..to]);
        }
        bound
    }

    /// "Not" these tokens, parted from what follows.
    fn refused(&self, from: usize, to: usize) -> Vec<Token> {
        let mut refused = vec![Token::Word("not".into())];
        refused.extend_from_slice(&self.words.tokens[from..to]);
        refused.push(gone());
        refused
    }

    /// "I've the dentist tomorrow, Wednesday": a day that is taken, where another is spoken of after it.
    fn engaged_on(&self, from: usize, ends: usize) -> Option<Aside> {
        let day = (ends..ends + 2).find(|at| self.day(*at).is_some())?;
        let to = day + self.day(day)?;
        if !self.day_follows(to) {
            return None;
        }
        let mut refused = vec![gone()];
        refused.extend(self.refused(day, to));
        Some(Aside { from, to, wish: refused.clone(), bound: refused })
    }

    /// A time of day, or a day where the verb has one.
    fn moment(&self, at: usize, meaning: &str) -> Option<usize> {
        let until = at > 0 && matches!(self.words.before(at), "until" | "till" | "til");
        let dated =
            until || self.words.before(at) == "the" && at > 1 && matches!(self.words.word(at - 2), "until" | "till");
        clock_length(self.words, at).or_else(|| self.day(at).filter(|_| dated && meaning != "leaves"))
    }

    fn is_between(&self, at: usize) -> bool {
        let word = self.words.word(at);
        self.means("beside_time", at, at + 1) || word.len() > 1 && word.starts_with(MARK)
    }

    /// "The wedding's the 19th", "my trip is on the fifth", "we fly out on Friday": a day that belongs to something.
    fn event(&self, from: usize) -> Option<Aside> {
        let w = self.words;
        let ends = self.thing(from)?;
        let day = (ends..ends + 3).take_while(|i| *i == ends || self.means("beside_day", *i - 1, *i));
        let day = day.into_iter().find(|i| self.day(*i).is_some())?;
        if self.means("that_day", 0, w.len()) {
            return None;
        }
        let dated = day + self.day(day)?;
        let clock = if w.word(dated) == "at" { clock_length(w, dated + 1).map(|length| length + 1) } else { None };
        let bound = self.bound_if_before(day, dated);
        Some(Aside { from, to: dated + clock.unwrap_or(0), wish: vec![gone()], bound })
    }

    /// Where the name of something that has a day of its own ends, with its verb.
    fn thing(&self, from: usize) -> Option<usize> {
        let w = self.words;
        if let Some(length) = ENGLISH.length_at("happens", w, from) {
            let subject = (from.saturating_sub(SUBJECT_REACH)..from).any(|i| self.means("subject", i, i + 1));
            return subject.then_some(from + length);
        }
        let owned = self.means("determiner", from, from + 1);
        let last = (from + usize::from(owned)..from + THING_REACH).find(|i| self.is_verb_of_thing(*i, from))?;
        let contracted = !self.means("is_on", last, last + 1);
        let name = w.part(from, last + usize::from(contracted));
        let known = self.means_bare("events", &name);
        let other = ENGLISH.means("no_event", &name) || ENGLISH.means("appointment_there", &name);
        let fits = !other && (known || owned && name.len() > 1);
        // "The wedding" is no wedding dress.
        let feast = self.means_bare("feasts", &name);
        (fits && (feast || find_services(&name, &self.at.business.services).is_empty())).then_some(last + 1)
    }

    /// "Is", or a known thing with its "is" or "on" at once: "the wedding's", "a party on".
    fn is_verb_of_thing(&self, at: usize, from: usize) -> bool {
        let word = self.words.word(at);
        if at > from && self.means("is_on", at, at + 1) {
            return true;
        }
        let bare = word.strip_suffix('s').unwrap_or_default();
        let event = |word: &str| !word.is_empty() && ENGLISH.means("events", &Words::new(word));
        let led = at > from || at > 0 && self.means("determiner", at - 1, at);
        event(bare) && !event(word) || event(word) && led && self.words.word(at + 1) == "on"
    }

    /// "Tuesdays I play bridge", "I'm at work Mondays": the day is taken up, and no choice.
    fn habit(&self, from: usize) -> Option<Aside> {
        let w = self.words;
        let length = self.day(from)?;
        let plural = w.word(from + length - 1).ends_with("days");
        let named = (from..from + length).any(|i| weekday(w.word(i)).is_some());
        // "Tuesday's appointment" is one there is.
        let owner = plural && self.is_bookable(&w.part(from + length, from + length + OWNED_REACH));
        let taken = named
            && !owner
            && (self.taken_after(from + length, plural) || self.taken_before(from, from + length, plural));
        if !taken || matches!(w.before(from), "not" | "except" | "or") {
            return None;
        }
        let refused = self.refused(from, from + length);
        Some(Aside { from, to: from + length, wish: refused.clone(), bound: refused })
    }

    fn is_bookable(&self, name: &Words) -> bool {
        matches!(name.word(0), "one" | "slot" | "spot" | "time" | "session") || names_appointment(name, self.at)
    }

    /// Another day is spoken of after this one.
    fn day_follows(&self, at: usize) -> bool {
        (at..self.words.len()).any(|i| self.day(i).is_some())
    }

    fn taken_after(&self, at: usize, plural: bool) -> bool {
        let to = at + HABIT_REACH;
        self.means("occupied", at, at + 1)
            && !self.means("free_words", at, to)
            && at + 1 < self.words.len()
            && (plural || self.day_follows(at + 1))
    }

    fn taken_before(&self, at: usize, after: usize, plural: bool) -> bool {
        let w = self.words;
        let from = at.saturating_sub(HABIT_REACH);
        let Some(subject) = (from..at).rev().find(|i| self.means("occupied", *i, *i + 1)) else { return false };
        let said = w.part(subject + 1, at);
        let verb = said.len() > 1 || said.len() == 1 && !matches!(said.word(0), "do" | "have" | "on");
        let so = w.word(after) == "so" && self.day_follows(after);
        verb && (plural || so)
            // "Could we move Tuesdays": what is asked for takes nothing up.
            && !self.means("free_words", subject.saturating_sub(1), at)
            && !["moves", "cancels"].iter().any(|change| ENGLISH.means(change, &said))
            && !self.means("free_words", after, after + 1)
            && !ENGLISH.means("booked_words", &said)
            && !names_appointment(&said, self.at)
    }
}

/// Parts what stood before an aside from what stands after it.
fn gone() -> Token {
    Token::Word(MARK.into())
}
