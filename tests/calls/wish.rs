//! What somebody calls for.

use crate::questions::{ENGLISH, Tongue};

/// Something to be understood: as the person says it, and as the agent repeats it.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub said: &'static str,
    pub back: &'static str,
}

impl Told {
    /// Said and repeated alike.
    pub const fn as_is(text: &'static str) -> Self {
        Self { said: text, back: text }
    }
}

/// What the person wants, in the person's words.
#[derive(Debug, Clone)]
pub struct Wish {
    pub tongue: &'static Tongue,
    /// First words.
    pub opening: String,
    pub service: Told,
    pub time: Told,
    /// None is given where there is none.
    pub name: Option<Told>,
    /// None is given where there is none.
    pub email: Option<Told>,
    /// Keys typed instead of taking the number called from.
    pub other_number: Option<&'static str>,
    /// Which of several offers to take.
    pub choice: &'static str,
    /// What is to be passed on.
    pub message: &'static str,
}

impl Wish {
    /// An appointment, all of it said at once.
    pub fn booking(tongue: &'static Tongue, service: Told, time: Told, name: Told) -> Self {
        let opening = tongue.books.replace("{name}", name.said).replace("{service}", service.said);
        let opening = opening.replace("{time}", time.said);
        let choice = "The first one, please.";
        Self { tongue, opening, service, time, name: Some(name), email: None, other_number: None, choice, message: "" }
    }

    /// Something to be passed on; no name is given.
    pub fn message(opening: &str, message: &'static str) -> Self {
        let nothing = Told::as_is("");
        let wish = Self::booking(&ENGLISH, nothing, nothing, nothing);
        Self { name: None, message, ..wish }.opening(opening)
    }

    /// The same in other first words.
    pub fn opening(self, opening: &str) -> Self {
        Self { opening: opening.to_owned(), ..self }
    }
}
