//! Which voice speaks a language, and how its texts are written out for it.

use std::borrow::Cow;

use super::wording;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    /// The Piper voice: English.
    Piper,
    /// A voice of espeak-ng, by its name: where there is no Piper voice that may be passed on.
    Espeak(&'static str),
}

impl Tongue {
    /// The voice for a language (BCP 47); Piper's for those that have none of their own.
    pub fn of(language: &str) -> Self {
        let main = language.split(['-', '_']).next().unwrap_or_default();
        match main.eq_ignore_ascii_case("es") {
            true => Self::Espeak("es-419"),
            false => Self::Piper,
        }
    }

    /// Whole sentences as this voice wants them: espeak-ng reads numbers and times of its languages by itself.
    pub fn sentences(self, text: &str) -> Vec<String> {
        match self {
            Self::Piper => wording::sentences(text),
            Self::Espeak(_) => wording::whole(text.split_whitespace()),
        }
    }

    /// The name under which a sentence of this voice is kept.
    pub fn clip(self, sentence: &str) -> Cow<'_, str> {
        match self {
            Self::Piper => Cow::Borrowed(sentence),
            Self::Espeak(voice) => Cow::Owned(format!("{voice}\n{sentence}")),
        }
    }
}
