//! What the agent asks, told by what a person would listen for.

/// A question that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// "How can I help?"
    Help,
    /// "Anything else?"
    AnythingElse,
    Service,
    /// Day, time, or both; also which of two.
    When,
    /// One offer: yes or no.
    Offer,
    /// Several offers.
    Choice,
    Name,
    /// The number called from?
    CallingNumber,
    /// Which number?
    Number,
    /// Number read back.
    NumberBack,
    /// All of it read back.
    ReadBack,
    /// "What should I change?"
    Change,
}

impl Question {
    /// The question in a line of the agent; none when the line asks nothing.
    pub fn of(line: &str) -> Option<Self> {
        let line = line.to_lowercase();
        CUES.iter().find(|(cue, _)| line.contains(cue)).map(|(_, question)| *question)
    }
}

/// Whether the line says that the time wished for is taken.
pub fn says_taken(line: &str) -> bool {
    ["just taken", "just took", "isn't available", "is not free"].iter().any(|cue| line.contains(cue))
}

/// In order: an earlier cue wins over a later one.
const CUES: [(&str, Question); 38] = [
    ("anything else", Question::AnythingElse),
    ("what else", Question::AnythingElse),
    ("should i change", Question::Change),
    ("what isn't right", Question::Change),
    ("shall i book it", Question::ReadBack),
    ("is that correct?", Question::ReadBack),
    ("shall i book the", Question::ReadBack),
    ("shall i do that", Question::ReadBack),
    ("shall i move", Question::ReadBack),
    ("is that right for you", Question::ReadBack),
    ("calling from", Question::CallingNumber),
    ("is that right?", Question::NumberBack),
    (", correct?", Question::NumberBack),
    ("phone number", Question::Number),
    ("that number doesn't seem right", Question::Number),
    ("and the rest?", Question::Number),
    ("go on, please", Question::Number),
    ("how can i help", Question::Help),
    ("what can i do for you", Question::Help),
    ("take a message. what would you like", Question::Help),
    ("would you like to book", Question::Service),
    ("which service", Question::Service),
    ("what day", Question::When),
    ("which day", Question::When),
    ("what other day", Question::When),
    ("which other day", Question::When),
    ("earlier day", Question::When),
    ("when would you", Question::When),
    ("do you mean", Question::When),
    ("would that work", Question::Offer),
    ("does that suit", Question::Offer),
    ("which would you like", Question::Choice),
    ("which suits", Question::Choice),
    ("which one would you like", Question::Choice),
    ("would you like ", Question::Choice),
    ("name should i", Question::Name),
    ("your name", Question::Name),
    ("full name", Question::Name),
];

#[test]
fn questions_are_told_apart() {
    let of = Question::of;
    assert_eq!(of("What else can I do for you?"), Some(Question::AnythingElse));
    assert_eq!(of("Hello, I'm the automated assistant. What can I do for you?"), Some(Question::Help));
    assert_eq!(of("Sure, a cleaning. What day and time would suit you?"), Some(Question::When));
    assert_eq!(of("I have 9:30 AM or 10:30 AM. Which would you like?"), Some(Question::Choice));
    assert_eq!(of("That's 4 1 5, 5 5 5, 0 1 3 2, correct?"), Some(Question::NumberBack));
    assert_eq!(of("Tuesday, November 24th at 2:30 PM, good."), None);
    assert_eq!(of("Sorry, I didn't catch that."), None);
}
