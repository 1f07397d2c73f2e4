//! What the agent asks, told by what a person would listen for, and what one says to it: a table for each language.

/// A question that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// "How can I help?"
    Help,
    /// "Anything else?"
    AnythingElse,
    /// "Shall I end the call?"
    End,
    /// "Are you still there?"
    There,
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
    /// Which e-mail address?
    Email,
    /// Address spelled back.
    EmailBack,
    /// All of it read back.
    ReadBack,
    /// "Was that a yes?"
    Really,
    /// "What should I change?"
    Change,
    /// "Shall I cancel it?"
    CancelIt,
    /// "Would you like to book another time?"
    Rebook,
    /// "What would you like me to pass on?"
    Message,
    /// "Shall I take a message?"
    TakeMessage,
    /// "Could you say it again?"
    Repeat,
    /// Some other question.
    Other,
}

/// A language as it is spoken on the phone.
#[derive(Debug)]
pub struct Tongue {
    /// In order: an earlier cue wins over a later one. Lower case.
    pub cues: &'static [(&'static str, Question)],
    /// The time wished for is taken.
    pub taken: &'static [&'static str],
    /// What comes before a name that is read back.
    pub for_name: &'static str,
    /// First words of somebody who says it all at once; {name}, {service}, {time}.
    pub books: &'static str,
    pub my_name: &'static str,
    pub no_name: &'static str,
    pub my_email: &'static str,
    pub no_email: &'static str,
    pub yes: &'static str,
    pub no: &'static str,
    pub book_it: &'static str,
    pub not_right: &'static str,
    pub time_is_wrong: &'static str,
    pub that_works: &'static str,
    pub right: &'static str,
    pub other_number: &'static str,
    pub still_here: &'static str,
    pub all_done: &'static str,
}

impl Tongue {
    /// The question in a line of the agent; none when the line asks nothing.
    pub fn question(&self, line: &str) -> Option<Question> {
        let line = line.to_lowercase();
        let cue = self.cues.iter().find(|(cue, _)| line.contains(cue)).map(|(_, question)| *question);
        cue.or_else(|| line.ends_with('?').then_some(Question::Other))
    }

    /// Whether the line says that the time wished for is taken.
    pub fn says_taken(&self, line: &str) -> bool {
        self.taken.iter().any(|cue| line.contains(cue))
    }
}

pub const ENGLISH: Tongue = Tongue {
    cues: &[
        ("anything else", Question::AnythingElse),
        ("what else", Question::AnythingElse),
        ("end the call", Question::End),
        ("should i change", Question::Change),
        ("what isn't right", Question::Change),
        ("spell that back", Question::EmailBack),
        ("spell it back", Question::EmailBack),
        ("was that a yes", Question::Really),
        ("shall i book it", Question::ReadBack),
        ("is that correct?", Question::ReadBack),
        ("shall i book the", Question::ReadBack),
        ("shall i book a", Question::ReadBack),
        ("shall i do that", Question::ReadBack),
        ("shall i move", Question::ReadBack),
        ("is that right for you", Question::ReadBack),
        ("shall i cancel it", Question::CancelIt),
        ("want me to cancel it", Question::CancelIt),
        ("book another time", Question::Rebook),
        ("find you another time", Question::Rebook),
        ("calling from", Question::CallingNumber),
        ("e-mail address", Question::Email),
        ("say the address again", Question::Email),
        ("spell the address", Question::Email),
        ("is that right?", Question::NumberBack),
        (", correct?", Question::NumberBack),
        ("phone number", Question::Number),
        ("that number doesn't seem right", Question::Number),
        ("and the rest?", Question::Number),
        ("go on, please", Question::Number),
        ("pass on?", Question::Message),
        ("your message.", Question::Message),
        ("what's the message", Question::Message),
        ("tell me briefly", Question::Message),
        ("shall i take a message", Question::TakeMessage),
        ("leave a message for the office?", Question::TakeMessage),
        ("pass it on to the office?", Question::TakeMessage),
        ("me to pass it on?", Question::TakeMessage),
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
        ("still there", Question::There),
        ("can you hear me", Question::There),
        ("say it again?", Question::Repeat),
        ("once more please?", Question::Repeat),
    ],
    taken: &["just taken", "just took", "isn't available", "isn't free"],
    for_name: ", for ",
    books: "Hi, my name is {name}, I'd like {service} on {time}.",
    my_name: "My name is {name}.",
    no_name: "I'd rather not say.",
    my_email: "It's {email}.",
    no_email: "I don't have one.",
    yes: "Yes, please.",
    no: "No, thank you.",
    book_it: "Yes, please book it.",
    not_right: "No, that's not right.",
    time_is_wrong: "The time is wrong.",
    that_works: "Yes, that works.",
    right: "Yes, that's right.",
    other_number: "No, please use another number.",
    still_here: "Yes, I'm here.",
    all_done: "No, that's all, thank you.",
};

/// The voice is an Italian's: spelled so that it speaks Spanish.
pub const SPANISH: Tongue = Tongue {
    cues: &[
        ("algo más", Question::AnythingElse),
        ("alguna otra cosa", Question::AnythingElse),
        ("terminar la llamada", Question::End),
        ("terminamos la llamada", Question::End),
        ("qué cambio", Question::Change),
        ("qué no es correcto", Question::Change),
        ("ha dicho que sí", Question::Really),
        ("la reservo", Question::ReadBack),
        ("¿reservo", Question::ReadBack),
        ("a nombre de", Question::ReadBack),
        ("¿la cambio", Question::ReadBack),
        ("le parece bien", Question::ReadBack),
        ("la cancelo", Question::CancelIt),
        ("que la cancele", Question::CancelIt),
        ("reservar otra hora", Question::Rebook),
        ("le busco otra hora", Question::Rebook),
        ("desde el que llama", Question::CallingNumber),
        ("¿es correcto?", Question::NumberBack),
        ("¿verdad?", Question::NumberBack),
        ("número de teléfono", Question::Number),
        ("qué mensaje", Question::Message),
        ("dígame su mensaje", Question::Message),
        ("cuál es el mensaje", Question::Message),
        ("de qué se trata", Question::Message),
        ("¿tomo un mensaje", Question::TakeMessage),
        ("quiere dejar un mensaje", Question::TakeMessage),
        ("¿se lo paso a la oficina?", Question::TakeMessage),
        ("para español", Question::Help),
        ("si prefiere español", Question::Help),
        ("qué necesita", Question::Help),
        ("puedo ayudarle", Question::Help),
        ("qué puedo hacer", Question::Help),
        ("gustaría reservar", Question::Service),
        ("servicio necesita", Question::Service),
        ("le reservo", Question::Service),
        ("qué día", Question::When),
        ("qué otro día", Question::When),
        ("a qué hora", Question::When),
        ("cuándo le", Question::When),
        ("cuál quiere decir", Question::When),
        ("para estar seguros", Question::When),
        ("viene bien?", Question::Offer),
        ("nombre", Question::Name),
        ("cuál", Question::Choice),
        ("sigue ahí", Question::There),
        ("me oye", Question::There),
        ("puede repetirlo?", Question::Repeat),
        ("otra vez, por favor?", Question::Repeat),
    ],
    taken: &["acaban de ocupar", "acaba de reservar", "ya está ocupado", "No hay sitio"],
    for_name: "a nombre de ",
    books: "Ola, buenos dias. Chiero pedir una sita para {service}.",
    my_name: "Mi nombre es {name}.",
    no_name: "Prefiero no desirlo.",
    my_email: "Es {email}.",
    no_email: "No tengo.",
    yes: "Si, correcto, por favor.",
    no: "No, grasias.",
    book_it: "Si, correcto, por favor.",
    not_right: "No, no es correcto.",
    time_is_wrong: "Es otra ora.",
    that_works: "Si, me viene bien.",
    right: "Si, correcto, por favor.",
    other_number: "No, otro numero, por favor.",
    still_here: "Si, estoy achi.",
    all_done: "No, grasias. Adios.",
};

#[test]
fn questions_are_told_apart() {
    let of = |line| ENGLISH.question(line);
    assert_eq!(of("What else can I do for you?"), Some(Question::AnythingElse));
    assert_eq!(of("Hello, I'm the automated assistant. What can I do for you?"), Some(Question::Help));
    assert_eq!(of("Sure, a cleaning. What day and time would suit you?"), Some(Question::When));
    assert_eq!(of("I have 9:30 AM or 10:30 AM. Which would you like?"), Some(Question::Choice));
    assert_eq!(of("That's 4 1 5, 5 5 5, 0 1 3 2, correct?"), Some(Question::NumberBack));
    assert_eq!(of("That's your cleaning on Friday at 10 AM. Shall I cancel it?"), Some(Question::CancelIt));
    assert_eq!(of("Nobody is free to talk just now. What would you like me to pass on?"), Some(Question::Message));
    assert_eq!(of("Tuesday, November 24th at 2:30 PM, good."), None);
    assert_eq!(of("Sorry, I didn't catch that."), None);
}

#[test]
fn spanish_questions_are_told_apart() {
    let of = |line| SPANISH.question(line);
    assert_eq!(of("Hola, soy el asistente automático. ¿Qué necesita?"), Some(Question::Help));
    assert_eq!(of("Se lo repito. Es una limpieza, a nombre de Ana. ¿La reservo?"), Some(Question::ReadBack));
    assert_eq!(of("Veamos. Tengo el martes a las cuatro. ¿Le viene bien?"), Some(Question::Offer));
    assert_eq!(of("¿A qué nombre la pongo?"), Some(Question::Name));
    assert_eq!(of("¿Qué día y a qué hora le vendría bien?"), Some(Question::When));
}
