//! The events of a CalDAV calendar, as another program reads them.

use jiff::{Span, SpanRelativeTo, Unit};

use crate::dav::Dav;
use crate::server::block_on;

/// One event: its lines, unfolded.
#[derive(Debug)]
pub struct Event(Vec<String>);

impl Event {
    /// All that are in the calendar.
    pub fn all(calendar: &Dav) -> Vec<Event> {
        let text = block_on(calendar.export()).replace("&#13;", "").replace('\r', "").replace("\n ", "");
        let events = text.split("BEGIN:VEVENT").skip(1).filter_map(|rest| rest.split("END:VEVENT").next());
        events.map(|event| Event(event.trim().lines().map(str::to_owned).collect())).collect()
    }

    /// The only one there is.
    pub fn only(calendar: &Dav) -> Event {
        let [event] = <[Event; 1]>::try_from(Event::all(calendar)).expect("one event");
        event
    }

    /// A property's value; empty when there is none.
    pub fn value(&self, name: &str) -> &str {
        self.values(name).first().copied().unwrap_or_default()
    }

    /// Minutes before it at which it reminds; a server may write an hour for sixty minutes.
    pub fn reminders(&self) -> Vec<f64> {
        let minutes = |trigger: &str| {
            let before: Span = trigger.parse().unwrap_or_else(|error| panic!("{trigger}: {error}"));
            -before.total((Unit::Minute, SpanRelativeTo::days_are_24_hours())).expect("days, hours and minutes")
        };
        let mut all: Vec<f64> = self.values("TRIGGER").into_iter().map(minutes).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    /// The values of every property of that name, reminders included.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let named = |line: &&String| line.split([':', ';']).next() == Some(name);
        self.0.iter().filter(named).filter_map(|line| Some(line.split_once(':')?.1)).collect()
    }
}
