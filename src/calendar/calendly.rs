//! Calendly (API v2): times are asked of an event type, a booking is a new invitee.
//!
//! What Calendly cannot do, and what is done about it:
//! - It knows no key: the booking's name goes along as tracking (`utm_content`) and is looked for before and after a
//!   write; of two bookings of one time Calendly itself refuses the second.
//! - It wants an e-mail address, which callers seldom spell: theirs is the business's own with their number as a tag
//!   ("desk+12125550123@example.com"), by which their bookings are found again.
//! - It has no way to move an event: the new time is booked, then the old one is cancelled, and a move that was cut off
//!   between the two is finished by the next change. Only where the two times overlap is the old one cancelled first;
//!   should the new one then be refused, the old one is booked again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::builtin::check;
use super::hosted::api::{Api, Auth};
use super::hosted::desk::zone;
use super::hosted::event::{change_of, name_of};
use super::hosted::offered::{Services, offered, tagged};
use super::hosted::time;
use super::slots::reach;
use super::trouble::Trouble;
use super::{BookFailure, BoxFuture, Calendar, CalendarError, Clock};
use crate::conversation::{Appointment, BookingRequest, Business, Slot, SlotQuery};

/// Which Calendly user, and what can be booked there.
#[derive(Clone, PartialEq, Eq)]
pub struct CalendlySettings {
    /// Address of the API, like `https://api.calendly.com`.
    pub url: String,
    /// A personal access token.
    pub token: String,
    /// The business's own address, of which callers get tagged ones.
    pub email: String,
    /// Service keys and the addresses of their event types.
    pub services: BTreeMap<String, String>,
}

/// Appointments at Calendly.
pub struct Calendly {
    api: Api,
    email: String,
    services: Services,
    user: OnceCell<String>,
    clock: Clock,
}

/// A booking of ours at Calendly, whether it stands or was cancelled.
#[derive(Debug, Clone)]
struct Booked {
    /// The event's id.
    uuid: String,
    event_type: String,
    slot: Slot,
    active: bool,
    guest: String,
    name: String,
    business: String,
    call: String,
    changes: Vec<String>,
}

/// What is to be booked.
struct Invitation<'a> {
    event_type: &'a str,
    phone: &'a str,
    guest: &'a str,
    name: &'a str,
    business: &'a Business,
    call: &'a str,
    changes: &'a [String],
}

/// What became of an invitation.
enum Invited {
    Done,
    /// Refused: somebody has the time.
    Taken,
}

impl Calendly {
    /// Asks nobody yet.
    pub fn open(settings: CalendlySettings, clock: Clock) -> Result<Calendly, CalendarError> {
        let api = Api::new(&settings.url, Auth::Token(settings.token), |_| false)?;
        let services = Services::new(settings.services);
        Ok(Calendly { api, email: settings.email, services, user: OnceCell::new(), clock })
    }

    /// Asks whose token it is: says what is wrong before a caller meets it.
    pub async fn probe(&self) -> Result<String, CalendarError> {
        for event_type in self.services.theirs() {
            self.minutes(event_type).await?;
        }
        Ok(self.user().await?.to_owned())
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    async fn user(&self) -> Result<&str, Trouble> {
        let ask = || async {
            let body = self.api.send(&self.api.ask(Method::GET, &["users", "me"])).await?.good("asking who we are")?;
            body["resource"]["uri"].as_str().map(str::to_owned).ok_or_else(|| unreadable("asking who we are"))
        };
        self.user.get_or_try_init(ask).await.map(String::as_str)
    }

    async fn minutes(&self, event_type: &str) -> Result<u32, Trouble> {
        let id = event_type.rsplit('/').next().unwrap_or_default();
        let body =
            self.api.send(&self.api.ask(Method::GET, &["event_types", id])).await?.good("reading an event type")?;
        let minutes = body["resource"]["duration"].as_u64().and_then(|minutes| minutes.try_into().ok());
        minutes.ok_or_else(|| unreadable("reading an event type"))
    }

    /// The starts that an event type offers.
    async fn times(&self, event_type: &str, span: Slot) -> Result<BTreeSet<Timestamp>, Trouble> {
        // The past may not be asked for, and now is past when the question arrives.
        let from = span.starts_at.max(self.now().saturating_add(MARGIN).unwrap_or(span.starts_at));
        if from >= span.ends_at {
            return Ok(BTreeSet::new());
        }
        let ask = self
            .api
            .ask(Method::GET, &["event_type_available_times"])
            .with("event_type", event_type)
            .with("start_time", from.to_string())
            .with("end_time", span.ends_at.to_string());
        let body = self.api.send(&ask).await?.good("asking for times")?;
        let times = body["collection"].as_array().ok_or_else(|| unreadable("asking for times"))?;
        let available = times.iter().filter(|time| time["status"] == "available");
        Ok(available.filter_map(|time| time["start_time"].as_str()?.parse().ok()).collect())
    }

    async fn free(&self, business: &Business, query: &SlotQuery) -> Result<Vec<Slot>, Trouble> {
        let now = self.now();
        let Some((starts_at, ends_at)) = reach(business, query, now) else { return Ok(Vec::new()) };
        let event_type = self.services.their(&query.service)?;
        self.services.takes(&query.service, query.minutes, self.minutes(event_type)).await?;
        let (mut starts, mut slots) = (BTreeSet::new(), Vec::new());
        for week in time::parts(Slot { starts_at, ends_at }, RANGE_MAX) {
            starts.extend(self.times(event_type, week).await?);
            slots = offered(business, query, &starts, now);
            if slots.len() >= query.limit {
                break;
            }
        }
        Ok(slots)
    }

    /// Everything booked under a number that is to come or was of late, cancelled or not.
    async fn of_phone(&self, phone: &str) -> Result<Vec<Booked>, Trouble> {
        let email = self.address(phone);
        let ask = self
            .api
            .ask(Method::GET, &["scheduled_events"])
            .with("user", self.user().await?)
            .with("invitee_email", &email)
            .with("min_start_time", (self.now() - PAST).to_string())
            .with("count", PAGE);
        let mut found = Vec::new();
        for event in self.pages(ask).await? {
            let Some(uuid) = event["uri"].as_str().and_then(|uri| uri.rsplit('/').next()) else { continue };
            let ask = self.api.ask(Method::GET, &["scheduled_events", uuid, "invitees"]).with("email", &email);
            let guests = self.pages(ask.with("count", PAGE)).await?;
            found.extend(guests.iter().filter_map(|guest| booked(uuid, &event, guest)));
        }
        Ok(found)
    }

    async fn pages(&self, ask: super::hosted::api::Ask) -> Result<Vec<Value>, Trouble> {
        let (mut found, mut next) = (Vec::new(), None::<String>);
        for _ in 0..PAGES_MAX {
            let page = match &next {
                Some(token) => ask.clone().with("page_token", token),
                None => ask.clone(),
            };
            let mut body = self.api.send(&page).await?.good("listing bookings")?;
            if let Some(items) = body["collection"].as_array_mut() {
                found.append(items);
            }
            next = body["pagination"]["next_page_token"].as_str().map(str::to_owned);
            if next.is_none() {
                return Ok(found);
            }
        }
        Err(Trouble::Unavailable(format!("more than {PAGES_MAX} pages of bookings")))
    }

    /// The bookings of a name; the one that stands comes first, and of several the one that was moved most.
    async fn named(&self, phone: &str, name: &str) -> Result<Vec<Booked>, Trouble> {
        let mut found = self.of_phone(phone).await?;
        found.retain(|booked| booked.name == name);
        found.sort_by_key(|booked| (!booked.active, std::cmp::Reverse(booked.changes.len())));
        Ok(found)
    }

    async fn write_booking(&self, business: &Business, booking: &BookingRequest) -> Result<Appointment, BookFailure> {
        let name = name_of(business, &booking.key);
        let sound = check(&booking.key, booking.slot, self.now());
        if let Some(before) = self.named(&booking.phone, &name).await?.first() {
            let cancelled = || BookFailure::Rejected("it was booked and then cancelled".to_owned());
            return before.active.then(|| self.appointment(before, &booking.phone)).flatten().ok_or_else(cancelled);
        }
        sound.map_err(BookFailure::Rejected)?;
        let invitation = Invitation {
            event_type: self.services.their(&booking.service)?,
            phone: &booking.phone,
            guest: &booking.name,
            name: &name,
            business,
            call: &booking.call_id,
            changes: &[],
        };
        match self.invite(&invitation, booking.slot).await? {
            Invited::Done => {}
            Invited::Taken => return Err(BookFailure::Taken),
        }
        let service = booking.service.clone();
        Ok(Appointment { id: id_of(&booking.phone, &name), service, slot: booking.slot })
    }

    /// Books a time; whether that was done is looked up when the answer is lost.
    async fn invite(&self, invitation: &Invitation<'_>, slot: Slot) -> Result<Invited, BookFailure> {
        let body = json!({
            "event_type": invitation.event_type,
            "start_time": slot.starts_at.to_string(),
            "invitee": {
                "name": invitation.guest,
                "email": self.address(invitation.phone),
                "timezone": zone(invitation.business),
            },
            "tracking": {
                "utm_source": "offhook",
                "utm_medium": invitation.call,
                "utm_campaign": invitation.business.id,
                "utm_content": invitation.name,
                "utm_term": invitation.changes.join(","),
            },
        });
        let sent = self.api.send(&self.api.ask(Method::POST, &["invitees"]).json(body)).await;
        let trouble = match sent {
            Ok(answer) if answer.status.is_success() => return Ok(Invited::Done),
            Ok(answer) => answer.refused("booking"),
            Err(trouble) => trouble,
        };
        let there = self.named(invitation.phone, invitation.name).await?;
        if there.iter().any(|booked| booked.active && booked.slot == slot) {
            return Ok(Invited::Done);
        }
        if let Trouble::Unavailable(_) = trouble {
            return Err(trouble.into());
        }
        // A refusal does not say in a documented way that the time is gone: whether it is still offered does.
        let around = Slot { starts_at: slot.starts_at - MARGIN, ends_at: slot.starts_at + MARGIN };
        match self.times(invitation.event_type, around).await?.contains(&slot.starts_at) {
            true => Err(trouble.into()),
            false => Ok(Invited::Taken),
        }
    }

    async fn write_move(
        &self,
        business: &Business,
        id: &str,
        slot: Slot,
        key: &str,
    ) -> Result<Appointment, BookFailure> {
        let (phone, name) = parts_of(id).ok_or_else(unknown)?;
        let there = self.theirs(business, phone, name).await?;
        let Some(now_at) = there.first().filter(|booked| booked.active) else {
            return Err(BookFailure::Rejected("the appointment was cancelled".to_owned()));
        };
        if now_at.changes.contains(&change_of(key)) {
            self.call_off(there.iter().skip(1).filter(|booked| booked.active)).await?;
            return self.appointment(now_at, phone).ok_or_else(unknown);
        }
        check(key, slot, self.now()).map_err(BookFailure::Rejected)?;
        self.still_to_come(now_at)?;
        let mut changes = now_at.changes.clone();
        changes.push(change_of(key));
        changes.drain(..changes.len().saturating_sub(CHANGES_MAX));
        let invitation = Invitation {
            event_type: &now_at.event_type,
            phone,
            guest: &now_at.guest,
            name,
            business,
            call: &now_at.call,
            changes: &changes,
        };
        let old = there.iter().filter(|booked| booked.active);
        if slot.starts_at < now_at.slot.ends_at && now_at.slot.starts_at < slot.ends_at {
            self.call_off(old).await?;
            self.instead(&invitation, slot, now_at).await?;
        } else {
            match self.invite(&invitation, slot).await? {
                Invited::Done => self.call_off(old).await?,
                Invited::Taken => return Err(BookFailure::Taken),
            }
        }
        let moved = Booked { slot, ..now_at.clone() };
        self.appointment(&moved, phone).ok_or_else(unknown)
    }

    /// Books a time whose old one is given up already, or the old one again.
    async fn instead(&self, invitation: &Invitation<'_>, slot: Slot, old: &Booked) -> Result<(), BookFailure> {
        let failure = match self.invite(invitation, slot).await {
            Ok(Invited::Done) => return Ok(()),
            Ok(Invited::Taken) => BookFailure::Taken,
            Err(failure) => failure,
        };
        let back = Invitation { changes: &old.changes, ..*invitation };
        if !matches!(self.invite(&back, old.slot).await, Ok(Invited::Done)) {
            tracing::error!(at = %old.slot.starts_at, name = old.name, "a booking at Calendly was lost in a move; call back");
        }
        Err(failure)
    }

    async fn write_cancel(&self, business: &Business, id: &str, key: &str) -> Result<(), BookFailure> {
        if key.is_empty() {
            return Err(BookFailure::Rejected("it has no key".to_owned()));
        }
        let (phone, name) = parts_of(id).ok_or_else(unknown)?;
        let there = self.theirs(business, phone, name).await?;
        for booked in there.iter().filter(|booked| booked.active) {
            self.still_to_come(booked)?;
        }
        self.call_off(there.iter().filter(|booked| booked.active)).await
    }

    fn still_to_come(&self, booked: &Booked) -> Result<(), BookFailure> {
        match booked.slot.starts_at < self.now() {
            true => Err(BookFailure::Rejected(format!("the appointment of {} is over", booked.slot.starts_at))),
            false => Ok(()),
        }
    }

    async fn call_off(&self, all: impl Iterator<Item = &Booked>) -> Result<(), BookFailure> {
        for booked in all {
            let ask = self.api.ask(Method::POST, &["scheduled_events", &booked.uuid, "cancellation"]);
            let answer = self.api.send(&ask.json(json!({"reason": "by telephone"}))).await;
            let trouble = match answer {
                Ok(answer) if answer.status.is_success() => continue,
                Ok(answer) => answer.refused("cancelling"),
                Err(trouble) => trouble,
            };
            // Cancelled already, by us or by somebody else, is cancelled.
            let ask = self.api.ask(Method::GET, &["scheduled_events", &booked.uuid]);
            let body = self.api.send(&ask).await?.good("reading a booking")?;
            if body["resource"]["status"] != "canceled" {
                return Err(trouble.into());
            }
        }
        Ok(())
    }

    async fn theirs(&self, business: &Business, phone: &str, name: &str) -> Result<Vec<Booked>, BookFailure> {
        let mut there = self.named(phone, name).await?;
        there.retain(|booked| booked.business == business.id);
        if there.is_empty() { Err(unknown()) } else { Ok(there) }
    }

    async fn to_come(&self, business: &Business, phone: &str) -> Result<Vec<Appointment>, Trouble> {
        let mut all = self.of_phone(phone).await?;
        let now = self.now();
        all.retain(|booked| booked.active && booked.business == business.id && booked.slot.starts_at >= now);
        // A move that was cut off left two of one name.
        all.sort_by(|a, b| a.name.cmp(&b.name).then(b.changes.len().cmp(&a.changes.len())));
        all.dedup_by(|next, kept| next.name == kept.name);
        all.sort_by_key(|booked| booked.slot);
        Ok(all.iter().filter_map(|booked| self.appointment(booked, phone)).collect())
    }

    fn appointment(&self, booked: &Booked, phone: &str) -> Option<Appointment> {
        let service = self.services.ours(&booked.event_type)?.to_owned();
        Some(Appointment { id: id_of(phone, &booked.name), service, slot: booked.slot })
    }

    fn address(&self, phone: &str) -> String {
        tagged(&self.email, phone.trim_start_matches('+'))
    }
}

impl Calendar for Calendly {
    fn find_slots<'a>(
        &'a self,
        business: &'a Business,
        query: &'a SlotQuery,
    ) -> BoxFuture<'a, Result<Vec<Slot>, CalendarError>> {
        Box::pin(async move { Ok(self.free(business, query).await?) })
    }

    fn book<'a>(
        &'a self,
        business: &'a Business,
        booking: &'a BookingRequest,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>> {
        Box::pin(self.write_booking(business, booking))
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
        Box::pin(self.write_move(business, appointment_id, new_slot, key))
    }

    fn cancel<'a>(
        &'a self,
        business: &'a Business,
        appointment_id: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<(), BookFailure>> {
        Box::pin(self.write_cancel(business, appointment_id, key))
    }
}

impl std::fmt::Debug for CalendlySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CalendlySettings").field("url", &self.url).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Calendly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calendly").field("api", &self.api).finish_non_exhaustive()
    }
}

fn booked(uuid: &str, event: &Value, guest: &Value) -> Option<Booked> {
    let tracking = &guest["tracking"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let at = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
    (tracking["utm_source"] == "offhook").then_some(())?;
    Some(Booked {
        uuid: uuid.to_owned(),
        event_type: event["event_type"].as_str()?.to_owned(),
        slot: Slot { starts_at: at(&event["start_time"])?, ends_at: at(&event["end_time"])? },
        active: event["status"] == "active" && guest["status"] == "active",
        guest: text(&guest["name"]),
        name: text(&tracking["utm_content"]),
        business: text(&tracking["utm_campaign"]),
        call: text(&tracking["utm_medium"]),
        changes: text(&tracking["utm_term"]).split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect(),
    })
}

/// An id by which a booking is found whatever became of its event: the number, and the booking's name.
fn id_of(phone: &str, name: &str) -> String {
    format!("{phone}/{name}")
}

fn parts_of(id: &str) -> Option<(&str, &str)> {
    let (phone, name) = id.split_once('/')?;
    let digits = phone.strip_prefix('+').unwrap_or(phone);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some((phone, name))
}

fn unknown() -> BookFailure {
    BookFailure::Rejected("there is no such appointment".to_owned())
}

fn unreadable(doing: &str) -> Trouble {
    Trouble::Unavailable(format!("{doing}: Calendly's answer is not understood"))
}

/// Calendly answers for a week at a time.
const RANGE_MAX: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How long after its time the answer to a booking may still be asked for.
const PAST: SignedDuration = SignedDuration::from_hours(24 * 7);
/// What is asked for lies this far from what is forbidden.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// Entries on a page: the most Calendly gives.
const PAGE: &str = "100";
/// Pages of one question.
const PAGES_MAX: usize = 40;
/// Changes of one booking that are remembered: a tracking value is short.
const CHANGES_MAX: usize = 10;
