//! Two businesses, a call and a database in a folder of its own.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use offhook::call::{CallRecord, CallState, Disposition, Line, MediaStats, Outcome, Speaker};
use offhook::conversation::{BookingRequest, Business, Service, Slot, Span, Verify};
use offhook::outbox::{Backoff, Settings};
use offhook::store::Store;

/// A database file that goes with its folder.
pub struct Db {
    pub store: Store,
    pub folder: tempfile::TempDir,
}

pub async fn db() -> Db {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&url(folder.path())).await.unwrap();
    Db { store, folder }
}

pub fn url(folder: &std::path::Path) -> String {
    format!("sqlite:{}", folder.join("data/offhook.db").display())
}

/// Mon-Fri 9-17 in New York, half-hour grid.
pub fn harbor() -> Business {
    business("harbor", "America/New_York", vec![span(9, 0, 17, 0)], 30)
}

/// Mon-Fri 8:30-14 and 16-19:30 in Madrid, quarter-hour grid, closed on a holiday.
pub fn taller() -> Business {
    let hours = vec![span(16, 0, 19, 30), span(8, 30, 14, 0)];
    Business { closures: vec![date("2026-12-08")], ..business("taller", "Europe/Madrid", hours, 15) }
}

/// Open around the clock, every day: every change of clocks is inside.
pub fn always(zone: &str) -> Business {
    let mut business = business("always", zone, Vec::new(), 30);
    business.hours = std::array::from_fn(|_| vec![Span { from: time(0, 0, 0, 0), to: jiff::civil::Time::MAX }]);
    business
}

pub fn span(h: i8, m: i8, to_h: i8, to_m: i8) -> Span {
    Span { from: time(h, m, 0, 0), to: time(to_h, to_m, 0, 0) }
}

pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn booking(key: &str, start: &str, minutes: i64) -> BookingRequest {
    let starts_at = at(start);
    BookingRequest {
        key: key.to_owned(),
        service: "cleaning".to_owned(),
        slot: Slot { starts_at, ends_at: starts_at + jiff::SignedDuration::from_mins(minutes) },
        name: "Jane Doe".to_owned(),
        phone: "+12125550123".to_owned(),
        reason: None,
        call_id: key.split('/').next().unwrap().to_owned(),
        staff: None,
    }
}

/// A live call.
pub fn call(id: &str, from: Option<&str>) -> CallRecord {
    CallRecord {
        id: id.to_owned(),
        sip_call_id: format!("{id}@phone"),
        business: "harbor".to_owned(),
        from: from.map(str::to_owned),
        to: "demo".to_owned(),
        state: CallState::Active,
        disposition: None,
        started_at: at("2026-11-23T15:00:00Z"),
        answered_at: Some(at("2026-11-23T15:00:02Z")),
        ended_at: None,
        contact_id: None,
        language: "en".to_owned(),
        transcript: vec![line(Speaker::Caller, "I would like a cleaning", 1_000, 2_500)],
        turns: Vec::new(),
        digits: String::new(),
        media: MediaStats::default(),
        outcome: Outcome::default(),
        elsewhere: None,
        arrival: None,
    }
}

pub fn line(speaker: Speaker, text: &str, start_ms: u64, end_ms: u64) -> Line {
    Line { speaker, text: text.to_owned(), start_ms, end_ms, confidence: 0.5 }
}

/// The same call, over.
pub fn ended(call: CallRecord, disposition: Disposition) -> CallRecord {
    CallRecord {
        state: CallState::Ended,
        disposition: Some(disposition),
        ended_at: Some(at("2026-11-23T15:01:02Z")),
        ..call
    }
}

/// An outbox that does not keep a test waiting.
pub fn quick() -> Settings {
    Settings {
        workers: 2,
        lease: Duration::from_millis(150),
        deadline: Duration::from_secs(5),
        attempts: 5,
        backoff: Backoff { first: Duration::from_millis(2), factor: 2, longest: Duration::from_millis(20) },
        ..Settings::default()
    }
}

fn business(id: &str, zone: &str, weekday: Vec<Span>, slot_minutes: u32) -> Business {
    let hours = std::array::from_fn(|day| if day < 5 { weekday.clone() } else { Vec::new() });
    Business {
        id: id.to_owned(),
        name: id.to_owned(),
        address: None,
        timezone: TimeZone::get(zone).unwrap(),
        language: "en".to_owned(),
        country: "US".to_owned(),
        hours,
        closures: Vec::new(),
        services: vec![Service { id: "cleaning".into(), name: "cleaning".into(), aliases: Vec::new(), minutes: 30 }],
        faqs: Vec::new(),
        lead_minutes: 60,
        horizon_days: 60,
        slot_minutes,
        greet_by_name: true,
        emergency: None,
        capacity: Default::default(),
        verify: Verify::CallerId,
        policy: Default::default(),
        also: Vec::new(),
    }
}
