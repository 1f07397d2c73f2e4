//! The languages a conversation is held in.

/// A language that is spoken and understood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Spanish, of either side of the Atlantic.
    Spanish,
}

impl Language {
    /// The language of a BCP 47 tag ("es", "es-MX"); none when it is not spoken here.
    pub fn of(tag: &str) -> Option<Self> {
        let main = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| language.tag() == main)
    }

    /// BCP 47.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];
}
