//! The CalDAV calendar: reading. Whatever another program wrote is seen at the next question, for nothing is kept.

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use tokio::sync::OnceCell;

use super::busy::{self, BUDGET, Window};
use super::discover;
use super::event::{Event, State};
use super::ical::Component;
use super::server::{Only, Server};
use super::times;
use super::xml::{CALDAV, DAV, Resource};
use crate::calendar::builtin::check;
use crate::calendar::slots::{free_slots, reach};
use crate::calendar::trouble::Trouble;
use crate::calendar::{BookFailure, BoxFuture, Calendar, CalendarError, Clock};
use crate::conversation::{Appointment, BookingRequest, Business, Slot, SlotQuery, Unsettled};

/// Which calendar on which server, and who we are there.
#[derive(Clone, PartialEq, Eq)]
pub struct CalDavSettings {
    /// The calendar's own address, or that of a server which tells where its user's calendars are.
    pub url: String,
    /// User name; none where the server asks for none.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// The calendar's name, or its path where it begins with a slash; none where the user has only one.
    pub calendar: Option<String>,
    /// E-mail address of the organizer written into events.
    pub organizer: Option<String>,
}

/// Appointments on a CalDAV server.
#[derive(Clone)]
pub struct CalDav {
    pub(super) server: Server,
    settings: CalDavSettings,
    url: Url,
    found: std::sync::Arc<OnceCell<Url>>,
    clock: Clock,
}

/// A resource of the calendar, read.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) url: Url,
    /// Its name without `.ics`.
    pub(super) id: String,
    pub(super) etag: String,
    calendar: Component,
}

impl CalDav {
    /// A calendar that is looked for at the first question; an address that cannot be one is refused here.
    pub fn new(settings: CalDavSettings, clock: Clock) -> Result<CalDav, CalendarError> {
        let refused = |why: String| CalendarError::Rejected(why);
        let url = Url::parse(&settings.url).map_err(|e| refused(format!("`{}` is no address: {e}", settings.url)))?;
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(refused(format!("`{}` is no http or https address", settings.url)));
        }
        let server = Server::new(settings.username.clone(), settings.password.clone())?;
        Ok(CalDav { server, settings, url, found: std::sync::Arc::default(), clock })
    }

    /// Finds the calendar and reads it once: says what is wrong before a caller meets it.
    pub async fn probe(&self) -> Result<String, CalendarError> {
        let now = self.now();
        self.between(now, now + SignedDuration::from_hours(1)).await?;
        Ok(self.collection().await?.to_string())
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(super) fn organizer(&self) -> Option<&str> {
        self.settings.organizer.as_deref()
    }

    /// The resource of an id.
    pub(super) async fn place(&self, id: &str) -> Result<Url, Trouble> {
        let name = format!("{id}.ics");
        self.collection().await?.join(&name).map_err(|e| Trouble::Refused(format!("`{name}` is no address: {e}")))
    }

    /// The collection, looked for until it was found once.
    async fn collection(&self) -> Result<&Url, Trouble> {
        let wanted = self.settings.calendar.as_deref();
        self.found.get_or_try_init(|| discover::collection(&self.server, &self.url, wanted)).await
    }

    /// Resources that may touch a span: those the server finds in it, and all that repeat.
    pub(super) async fn between(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Seen>, Trouble> {
        let collection = self.collection().await?;
        let (wide, day) =
            (|at: Timestamp, by| at.saturating_add(by).unwrap_or(at), SignedDuration::from_hours(MARGIN_HOURS));
        let (from, to) = (times::utc(wide(from, -day)), times::utc(wide(to, day)));
        let span = query(&format!("<C:time-range start=\"{from}\" end=\"{to}\"/>"));
        let repeating = query("<C:prop-filter name=\"RRULE\"/>");
        let (within, repeating) = tokio::join!(
            self.server.ask("REPORT", collection, "1", span),
            self.server.ask("REPORT", collection, "1", repeating),
        );
        let repeating = match repeating {
            // Not every server can look for a property; one that cannot has to find repeats in the span itself.
            Err(Trouble::Refused(why)) => {
                tracing::debug!(why, "the calendar server does not list what repeats");
                Vec::new()
            }
            other => other?,
        };
        let (collection, all) = (collection.clone(), [within?, repeating].concat());
        let read = tokio::task::spawn_blocking(move || seen(&collection, all)).await;
        read.map_err(|e| Trouble::Unavailable(e.to_string()))
    }

    async fn busy(&self, business: &Business, from: Timestamp, to: Timestamp) -> Result<Vec<Slot>, Trouble> {
        let (seen, zone, now) = (self.between(from, to).await?, business.timezone.clone(), self.now());
        let (left, seen): (Vec<Seen>, Vec<Seen>) = seen.into_iter().partition(|seen| seen.is_left_behind(now));
        self.tidy(left);
        let read = tokio::task::spawn_blocking(move || {
            let mut window = Window { from, to, own: &zone, budget: BUDGET };
            let busy: Vec<Slot> = seen.iter().flat_map(|seen| seen.busy(&mut window)).collect();
            if window.budget == 0 {
                tracing::warn!("repeats in the calendar go on without end: some of them were not read");
            }
            busy
        });
        read.await.map_err(|e| Trouble::Unavailable(e.to_string()))
    }

    /// Holds that nobody holds any more are taken out while nobody waits for it.
    fn tidy(&self, left: Vec<Seen>) {
        let server = self.server.clone();
        if !left.is_empty() {
            tokio::spawn(async move {
                for seen in left {
                    let _ = server.delete(&seen.url, Only::IfStill(&seen.etag)).await; // the next look finds it again
                }
            });
        }
    }

    async fn to_come(&self, business: &Business, phone: &str) -> Result<Vec<Appointment>, Trouble> {
        let now = self.now();
        let seen = self.between(now, now + SignedDuration::from_hours(24 * AHEAD_DAYS)).await?;
        let mut found: Vec<Appointment> = seen
            .iter()
            .filter_map(|seen| Some((seen, seen.event()?)))
            .filter(|(_, event)| event.state() == State::Confirmed && event.is_of(business))
            .filter(|(_, event)| event.phone().as_deref() == Some(phone))
            .filter_map(|(seen, event)| event.appointment(&seen.id, &business.timezone))
            .filter(|appointment| appointment.slot.starts_at >= now)
            .collect();
        found.sort_by_key(|appointment| appointment.slot);
        Ok(found)
    }
}

impl Calendar for CalDav {
    fn find_slots<'a>(
        &'a self,
        business: &'a Business,
        query: &'a SlotQuery,
    ) -> BoxFuture<'a, Result<Vec<Slot>, CalendarError>> {
        Box::pin(async move {
            let now = self.now();
            let Some((from, to)) = reach(business, query, now) else { return Ok(Vec::new()) };
            let end = to.saturating_add(SignedDuration::from_mins(query.minutes.into())).unwrap_or(Timestamp::MAX);
            let busy = self.busy(business, from, end).await?;
            Ok(free_slots(business, query, busy, now))
        })
    }

    fn book<'a>(
        &'a self,
        business: &'a Business,
        booking: &'a BookingRequest,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>> {
        let sound = check(&booking.key, booking.slot, self.now());
        Box::pin(self.write_booking(business, booking, sound))
    }

    fn appointments<'a>(
        &'a self,
        business: &'a Business,
        phone_e164: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Appointment>, CalendarError>> {
        Box::pin(async move { Ok(self.to_come(business, phone_e164).await?) })
    }

    fn reschedule<'a>(
        &'a self,
        business: &'a Business,
        appointment_id: &'a str,
        new_slot: Slot,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>> {
        let sound = check(key, new_slot, self.now());
        Box::pin(self.write_move(business, appointment_id, new_slot, key, sound))
    }

    fn cancel<'a>(
        &'a self,
        business: &'a Business,
        appointment_id: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<(), BookFailure>> {
        Box::pin(self.write_cancel(business, appointment_id, key))
    }

    fn settle<'a>(&'a self, business: &'a Business, lost: &'a Unsettled) -> BoxFuture<'a, Result<bool, BookFailure>> {
        match &lost.appointment_id {
            None => Box::pin(self.write_withdrawal(business, &lost.key)),
            Some(id) => Box::pin(self.give_up(business, id, &lost.key)),
        }
    }
}

impl Seen {
    /// The event, if it is ours.
    pub(super) fn event(&self) -> Option<Event> {
        Event::of(self.calendar.clone())
    }

    /// What it keeps busy.
    pub(super) fn busy(&self, window: &mut Window<'_>) -> Vec<Slot> {
        busy::busy(&self.calendar, window)
    }

    /// Whether it is a hold whose time is over.
    pub(super) fn is_left_behind(&self, now: Timestamp) -> bool {
        self.event().is_some_and(|event| matches!(event.state(), State::Hold { until, .. } if until <= now))
    }

    /// Whether it touches a span, for somebody whose own clock is `own`.
    pub(super) fn touches(&self, slot: Slot, own: &TimeZone) -> bool {
        let mut window = Window { from: slot.starts_at, to: slot.ends_at, own, budget: BUDGET };
        !self.busy(&mut window).is_empty()
    }
}

impl fmt::Debug for CalDavSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CalDavSettings")
            .field("url", &self.url)
            .field("calendar", &self.calendar)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CalDav {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CalDav").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Resources that are iCalendar, each once.
fn seen(collection: &Url, resources: Vec<Resource>) -> Vec<Seen> {
    let mut all: Vec<Seen> = resources.iter().filter_map(|resource| one(collection, resource)).collect();
    all.sort_by(|a, b| a.url.cmp(&b.url));
    all.dedup_by(|a, b| a.url == b.url);
    all
}

fn one(collection: &Url, resource: &Resource) -> Option<Seen> {
    let data = resource.prop(CALDAV, "calendar-data")?;
    let Some(calendar) = Component::read(&data.text) else {
        tracing::warn!(href = resource.href, "this event in the calendar cannot be read");
        return None;
    };
    let url = collection.join(&resource.href).ok()?;
    let id = url.path().rsplit('/').next()?.trim_end_matches(".ics").to_owned();
    let etag = resource.prop(DAV, "getetag").map(|etag| etag.text.trim().to_owned()).unwrap_or_default();
    Some(Seen { url, id, etag, calendar })
}

fn query(filter: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<C:calendar-query xmlns=\"DAV:\" \
         xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><prop><getetag/><C:calendar-data/></prop><C:filter>\
         <C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">{filter}</C:comp-filter></C:comp-filter>\
         </C:filter></C:calendar-query>"
    )
}

/// Dates and floating times mean another span to the server than to us: at most a day.
const MARGIN_HOURS: i64 = 26;
/// How far ahead a number's appointments are looked for: as far as any horizon reaches.
const AHEAD_DAYS: i64 = 732;
