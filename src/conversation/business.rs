//! What the receptionist knows about the business it answers for: the settings of this room.

use std::sync::Arc;

use jiff::Zoned;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::capacity::Capacity;
use super::escalation::Escalation;
use super::flows::Flows;
use super::language::Language;
use super::qualifying::Question;

/// One business: everything the conversation may say or decide comes from here.
#[derive(Debug, Clone)]
pub struct Business {
    /// Key under `[businesses.ID]`, stable, used in stored rows.
    pub id: String,
    /// Spoken name ("Harbor Dental").
    pub name: String,
    /// Spoken street address, answer to "where are you".
    pub address: Option<String>,
    /// The zone every spoken time is meant in.
    pub timezone: TimeZone,
    /// Language of prompts and recognition, BCP 47 ("en").
    pub language: String,
    /// ISO 3166 country for numbers spoken without a country code ("US").
    pub country: String,
    /// Opening hours per weekday, Monday first; several spans a day allowed, empty means closed.
    pub hours: [Vec<Span>; 7],
    /// Dates (in the business's zone) on which it is closed whatever the weekday.
    pub closures: Vec<jiff::civil::Date>,
    /// What can be booked.
    pub services: Vec<Service>,
    /// Questions it can answer.
    pub faqs: Vec<Faq>,
    /// Earliest booking, counted from now.
    pub lead_minutes: u32,
    /// Latest booking, in days from today.
    pub horizon_days: u32,
    /// Slots start on multiples of this many minutes.
    pub slot_minutes: u32,
    /// Whether a known caller's first name is said in the greeting.
    pub greet_by_name: bool,
    /// What is said first when a caller speaks of an emergency; none for the country's emergency number.
    pub emergency: Option<String>,
    /// People, rooms, and what single services ask for.
    pub capacity: Capacity,
    /// What a caller must show before anything about an appointment is told or changed.
    pub verify: Verify,
    /// What it does for each kind of wish, and when a person has to hear of it.
    pub policy: Arc<Policy>,
    /// The same business in its other languages: its names, answers and address as they are said there.
    pub also: Vec<Arc<Business>>,
}

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// Within the opening hours.
    Open,
    /// Outside them.
    Closed,
    /// On a day that is closed whatever its weekday.
    Holiday,
}

impl Business {
    /// The language it speaks; English where its own is not spoken here.
    pub fn language(&self) -> Language {
        Language::of(&self.language).unwrap_or_default()
    }

    /// Whether somebody is there at this local time.
    pub(super) fn open_at(&self, now: &Zoned) -> Opening {
        match () {
            () if self.closures.contains(&now.date()) => Opening::Holiday,
            () if open_in(&self.hours, now) => Opening::Open,
            () => Opening::Closed,
        }
    }
}

/// Whether a week's hours hold this local time.
pub(super) fn open_in(hours: &[Vec<Span>; 7], now: &Zoned) -> bool {
    let weekday = usize::from(now.date().weekday().to_monday_zero_offset().unsigned_abs());
    hours[weekday].iter().any(|s| s.from <= now.time() && now.time() < s.to)
}

/// What a business does for each kind of wish, and when a person has to hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What is done.
    pub flows: Arc<Flows>,
    /// When it is handed on, and to whom.
    pub escalation: Escalation,
    /// What it wants to know of everybody: read out of the conversation afterwards.
    pub questions: Vec<Question>,
    /// Competitors listened for.
    pub competitors: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            flows: Flows::built_in(),
            escalation: Escalation::default(),
            questions: Vec::new(),
            competitors: Vec::new(),
        }
    }
}

/// The check before anything about an existing person is told or changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verify {
    /// The call comes from the number the appointment was booked with.
    #[default]
    CallerId,
    /// The caller can name the number it was booked with.
    Number,
    /// The caller can say the date of birth the contact has.
    BirthDate,
    /// The caller can say the ZIP or post code the contact has.
    Zip,
    /// The caller can say the last four characters of a coming appointment's confirmation.
    Reference,
}

impl Verify {
    /// Whether it is something the caller is asked for besides a number.
    pub fn is_asked(self) -> bool {
        matches!(self, Self::BirthDate | Self::Zip | Self::Reference)
    }
}

/// An opening span within a day, local time, `from < to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First minute open.
    pub from: Time,
    /// First minute closed.
    pub to: Time,
}

/// A bookable service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Stable key ("cleaning").
    pub id: String,
    /// Spoken name ("cleaning").
    pub name: String,
    /// Other words callers use for it.
    pub aliases: Vec<String>,
    /// Length in minutes.
    pub minutes: u32,
}

/// A question the business answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faq {
    /// The question as a caller would put it, and other wordings.
    pub questions: Vec<String>,
    /// What is said.
    pub answer: String,
}
