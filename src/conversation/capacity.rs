//! Who and what an appointment needs beside the opening hours: people, rooms, and time around it.

use std::collections::BTreeMap;

use super::business::{Business, Span};

/// The people and things of a business, and what its services ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capacity {
    /// People; a service that none of them does needs nobody in particular.
    pub staff: Vec<Staff>,
    /// Rooms, chairs, bays; a service that none of them is for needs none in particular.
    pub resources: Vec<Resource>,
    /// What single services ask for, by service key.
    pub rules: BTreeMap<String, Rules>,
    /// Minutes before an appointment at which calendars remind of it.
    pub reminders: Vec<u32>,
    /// Whether a caller is told the appointment's number.
    pub speak_confirmation: bool,
}

/// Somebody who does appointments, one at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// Spoken name ("Dr. Lee").
    pub name: String,
    /// Services done; empty: all of them.
    pub services: Vec<String>,
    /// When, Monday first; none: as long as the business is open.
    pub hours: Option<[Vec<Span>; 7]>,
}

/// Something an appointment takes up, one at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its name ("chair 2").
    pub name: String,
    /// Services it is for; empty: all of them.
    pub services: Vec<String>,
}

/// What a service asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// Kept free before it, minutes.
    pub before_minutes: u32,
    /// Kept free after it, minutes.
    pub after_minutes: u32,
    /// At most so many a day.
    pub per_day: Option<u32>,
    /// Earliest booking from now, instead of the business's.
    pub lead_minutes: Option<u32>,
    /// Latest booking in days from today, instead of the business's.
    pub horizon_days: Option<u32>,
}

impl Staff {
    /// Whether somebody does a service.
    pub fn does(&self, service: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|id| id == service)
    }
}

impl Resource {
    /// Whether it is for a service.
    pub fn is_for(&self, service: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|id| id == service)
    }
}

impl Business {
    /// What a service asks for.
    pub fn rules(&self, service: &str) -> Rules {
        self.capacity.rules.get(service).copied().unwrap_or_default()
    }

    /// Earliest booking of a service, minutes from now.
    pub fn lead_of(&self, service: &str) -> u32 {
        self.rules(service).lead_minutes.unwrap_or(self.lead_minutes)
    }

    /// Latest booking of a service, days from today.
    pub fn horizon_of(&self, service: &str) -> u32 {
        self.rules(service).horizon_days.unwrap_or(self.horizon_days)
    }

    /// What may be talked about before the service is known: the calendar draws the line for each.
    pub(super) fn shortest_lead(&self) -> u32 {
        let own = self.services.iter().map(|service| self.lead_of(&service.id)).min();
        own.map_or(self.lead_minutes, |lead| lead.min(self.lead_minutes))
    }

    /// The same for the latest booking.
    pub(super) fn longest_horizon(&self) -> u32 {
        let own = self.services.iter().map(|service| self.horizon_of(&service.id)).max();
        own.map_or(self.horizon_days, |days| days.max(self.horizon_days))
    }
}
