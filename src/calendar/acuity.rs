//! Acuity Scheduling (API v1), booked as a client would: Acuity itself refuses a time that is not free.
//!
//! It knows no key, so a booking's name travels in the tag of its e-mail address ("desk+NAME@example.com", which is the
//! business's own box) and is looked for before and after a write. Changes are remembered in the appointment's notes,
//! after the change: one whose note was lost is known by the appointment lying where it should go.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::builtin::check;
use super::hosted::api::{Answer, Api, Ask, Auth};
use super::hosted::event::{NAME_CHARS, change_of, name_of};
use super::hosted::offered::{Services, offered, tag_of, tagged};
use super::slots::{free_slots, reach};
use super::trouble::Trouble;
use super::{BookFailure, BoxFuture, Calendar, CalendarError, Clock};
use crate::conversation::{Appointment, BookingRequest, Business, Slot, SlotQuery};

/// Which Acuity account, and what can be booked there.
#[derive(Clone, PartialEq, Eq)]
pub struct AcuitySettings {
    /// Address of the API, like `https://acuityscheduling.com/api/v1`.
    pub url: String,
    /// The account's number.
    pub user: String,
    /// Its API key.
    pub key: String,
    /// Number of the calendar; none lets Acuity find one.
    pub calendar: Option<u64>,
    /// The business's own address, of which callers get tagged ones.
    pub email: String,
    /// Service keys and the numbers of their appointment types.
    pub services: BTreeMap<String, u64>,
}

/// Appointments at Acuity.
pub struct Acuity {
    api: Api,
    calendar: Option<u64>,
    email: String,
    services: Services,
    clock: Clock,
}

/// An appointment of ours at Acuity.
#[derive(Debug, Clone)]
struct Booked {
    id: u64,
    kind: String,
    slot: Slot,
    phone: String,
    cancelled: bool,
    name: String,
    business: String,
    notes: String,
}

impl Acuity {
    /// Asks nobody yet.
    pub fn open(settings: AcuitySettings, clock: Clock) -> Result<Acuity, CalendarError> {
        let api = Api::new(&settings.url, Auth::Basic(settings.user, settings.key), |_| false)?;
        let services = settings.services.into_iter().map(|(service, kind)| (service, kind.to_string())).collect();
        let services = Services::new(services);
        Ok(Acuity { api, calendar: settings.calendar, email: settings.email, services, clock })
    }

    /// Asks whose account it is, and for every service: says what is wrong before a caller meets it.
    pub async fn probe(&self) -> Result<String, CalendarError> {
        for kind in self.services.theirs() {
            self.minutes(kind).await?;
        }
        let body = self.api.send(&self.api.ask(Method::GET, &["me"])).await?.good("asking who we are")?;
        Ok(body["name"].as_str().or(body["email"].as_str()).unwrap_or("Acuity").to_owned())
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    async fn minutes(&self, kind: &str) -> Result<u32, Trouble> {
        let body = self.api.send(&self.api.ask(Method::GET, &["appointment-types"])).await?;
        let body = body.good("listing appointment types")?;
        let found = body.as_array().and_then(|all| all.iter().find(|one| text(&one["id"]) == kind));
        let minutes = found.and_then(|one| one["duration"].as_u64()).and_then(|minutes| minutes.try_into().ok());
        minutes.ok_or_else(|| Trouble::Refused(format!("Acuity has no appointment type {kind}")))
    }

    fn in_calendar(&self, ask: Ask) -> Ask {
        match self.calendar {
            Some(id) => ask.with("calendarID", id.to_string()),
            None => ask,
        }
    }

    /// The days of a month on which there is time at all.
    async fn days(&self, kind: &str, month: &str, zone: &str) -> Result<BTreeSet<Date>, Trouble> {
        let ask = self.api.ask(Method::GET, &["availability", "dates"]).with("appointmentTypeID", kind);
        let ask = self.in_calendar(ask.with("month", month).with("timezone", zone));
        let body = self.api.send(&ask).await?.good("asking for days")?;
        let days = body.as_array().ok_or_else(|| unreadable("asking for days"))?;
        Ok(days.iter().filter_map(|day| day["date"].as_str()?.parse().ok()).collect())
    }

    async fn times(&self, kind: &str, day: Date, zone: &str) -> Result<BTreeSet<Timestamp>, Trouble> {
        let ask = self.api.ask(Method::GET, &["availability", "times"]).with("appointmentTypeID", kind);
        let ask = self.in_calendar(ask.with("date", day.to_string()).with("timezone", zone));
        let body = self.api.send(&ask).await?.good("asking for times")?;
        let times = body.as_array().ok_or_else(|| unreadable("asking for times"))?;
        let free = times.iter().filter(|time| time["slotsAvailable"].as_u64() != Some(0));
        Ok(free.filter_map(|time| instant(time["time"].as_str()?)).collect())
    }

    /// Asks only for days on which the business is open, until there is enough.
    async fn free(&self, business: &Business, query: &SlotQuery) -> Result<Vec<Slot>, Trouble> {
        let now = self.now();
        if reach(business, query, now).is_none() {
            return Ok(Vec::new());
        }
        let kind = self.services.their(&query.service)?;
        self.services.takes(&query.service, query.minutes, self.minutes(kind)).await?;
        let zone = business.timezone.iana_name().unwrap_or("UTC");
        let all = SlotQuery { limit: usize::MAX, ..query.clone() };
        let open = free_slots(business, &all, Vec::new(), now);
        let open: BTreeSet<Date> =
            open.iter().map(|slot| business.timezone.to_datetime(slot.starts_at).date()).collect();
        let (mut starts, mut slots, mut months) = (BTreeSet::new(), Vec::new(), BTreeMap::new());
        for day in open {
            let month = day.strftime("%Y-%m").to_string();
            if !months.contains_key(&month) {
                let days = self.days(kind, &month, zone).await?;
                months.insert(month.clone(), days);
            }
            if months.get(&month).is_some_and(|days| days.contains(&day)) {
                starts.extend(self.times(kind, day, zone).await?);
                slots = offered(business, query, &starts, now);
            }
            if slots.len() >= query.limit {
                break;
            }
        }
        Ok(slots)
    }

    async fn list(&self, ask: Ask) -> Result<Vec<Booked>, Trouble> {
        let body = self.api.send(&ask.with("max", PAGE)).await?.good("listing appointments")?;
        let all = body.as_array().ok_or_else(|| unreadable("listing appointments"))?;
        Ok(all.iter().filter_map(|one| self.booked(one)).collect())
    }

    async fn read(&self, id: &str) -> Result<Booked, BookFailure> {
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(unknown());
        }
        let answer = self.api.send(&self.api.ask(Method::GET, &["appointments", id])).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Err(unknown()),
            _ => self.booked(&answer.good("reading an appointment")?).ok_or_else(unknown),
        }
    }

    /// An appointment of this business.
    async fn theirs(&self, business: &Business, id: &str) -> Result<Booked, BookFailure> {
        let booked = self.read(id).await?;
        if booked.business == change_of(&business.id) { Ok(booked) } else { Err(unknown()) }
    }

    fn booked(&self, one: &Value) -> Option<Booked> {
        let (name, business) = tag_of(one["email"].as_str()?, &self.email)?.split_at_checked(NAME_CHARS)?;
        let starts_at = instant(one["datetime"].as_str()?)?;
        let minutes: i64 = text(&one["duration"]).parse().ok()?;
        Some(Booked {
            id: one["id"].as_u64()?,
            kind: text(&one["appointmentTypeID"]),
            slot: Slot { starts_at, ends_at: starts_at + SignedDuration::from_mins(minutes) },
            phone: text(&one["phone"]),
            cancelled: one["canceled"] == true,
            name: name.to_ascii_lowercase(),
            business: business.to_ascii_lowercase(),
            notes: text(&one["notes"]),
        })
    }

    fn appointment(&self, booked: &Booked) -> Option<Appointment> {
        let service = self.services.ours(&booked.kind)?.to_owned();
        Some(Appointment { id: booked.id.to_string(), service, slot: booked.slot })
    }

    async fn named(&self, business: &Business, key: &str) -> Result<Option<Booked>, Trouble> {
        let name = name_of(business, key);
        let ask = self.api.ask(Method::GET, &["appointments"]).with("email", self.address(business, &name));
        Ok(self.list(ask).await?.into_iter().find(|booked| booked.name == name && !booked.cancelled))
    }

    async fn write_booking(&self, business: &Business, booking: &BookingRequest) -> Result<Appointment, BookFailure> {
        let sound = check(&booking.key, booking.slot, self.now());
        if let Some(before) = self.named(business, &booking.key).await? {
            return self.appointment(&before).ok_or_else(unknown);
        }
        sound.map_err(BookFailure::Rejected)?;
        let (first, last) = booking.name.trim().split_once(' ').unwrap_or((booking.name.trim(), "-"));
        let mut body = json!({
            "datetime": moment(booking.slot.starts_at, &business.timezone),
            "appointmentTypeID": number(self.services.their(&booking.service)?),
            "firstName": if first.is_empty() { "-" } else { first },
            "lastName": last.trim(),
            "email": self.address(business, &name_of(business, &booking.key)),
            "phone": booking.phone,
        });
        if let Some(id) = self.calendar {
            body["calendarID"] = json!(id);
        }
        let sent = self.api.send(&self.api.ask(Method::POST, &["appointments"]).json(body)).await;
        let failure = match sent {
            Ok(answer) if answer.status.is_success() => {
                let booked = self.booked(&answer.body).and_then(|booked| self.appointment(&booked));
                return booked.ok_or_else(|| unreadable("booking").into());
            }
            Ok(answer) => refusal(&answer, "booking"),
            Err(trouble) => trouble.into(),
        };
        // It may be our own booking that is in the way, or the answer to it was lost.
        match self.named(business, &booking.key).await? {
            Some(before) => self.appointment(&before).ok_or_else(unknown),
            None => Err(failure),
        }
    }

    async fn write_move(
        &self,
        business: &Business,
        id: &str,
        slot: Slot,
        key: &str,
    ) -> Result<Appointment, BookFailure> {
        let booked = self.theirs(business, id).await?;
        if booked.notes.contains(&note(key)) {
            return self.appointment(&booked).ok_or_else(unknown);
        }
        check(key, slot, self.now()).map_err(BookFailure::Rejected)?;
        if booked.cancelled {
            return Err(BookFailure::Rejected("the appointment was cancelled".to_owned()));
        }
        self.still_to_come(&booked)?;
        if booked.slot != slot {
            let mut body = json!({"datetime": moment(slot.starts_at, &business.timezone)});
            if let Some(calendar) = self.calendar {
                body["calendarID"] = json!(calendar);
            }
            let ask = self.api.ask(Method::PUT, &["appointments", id, "reschedule"]).json(body);
            let failure: Option<BookFailure> = match self.api.send(&ask).await {
                Ok(answer) if answer.status.is_success() => None,
                Ok(answer) => Some(refusal(&answer, "moving")),
                Err(trouble) => Some(trouble.into()),
            };
            if let Some(failure) = failure
                && self.read(id).await?.slot != slot
            {
                return Err(failure);
            }
        }
        self.remember(&booked, key).await?;
        self.appointment(&Booked { slot, ..booked }).ok_or_else(unknown)
    }

    /// Notes may be written by the business only, so this is done in its name.
    async fn remember(&self, booked: &Booked, key: &str) -> Result<(), Trouble> {
        let notes = format!("{}\n{}", booked.notes, note(key));
        let ask = self.api.ask(Method::PUT, &["appointments", &booked.id.to_string()]).with("admin", "true");
        self.api.send(&ask.json(json!({"notes": notes.trim_start()}))).await?.good("noting a change").map(drop)
    }

    async fn write_cancel(&self, business: &Business, id: &str, key: &str) -> Result<(), BookFailure> {
        if key.is_empty() {
            return Err(BookFailure::Rejected("it has no key".to_owned()));
        }
        let booked = self.theirs(business, id).await?;
        if booked.cancelled {
            return Ok(());
        }
        self.still_to_come(&booked)?;
        let ask = self.api.ask(Method::PUT, &["appointments", id, "cancel"]);
        let failure: BookFailure = match self.api.send(&ask.json(json!({"cancelNote": "by telephone"}))).await {
            Ok(answer) if answer.status.is_success() => return Ok(()),
            Ok(answer) => answer.refused("cancelling").into(),
            Err(trouble) => trouble.into(),
        };
        if self.read(id).await?.cancelled { Ok(()) } else { Err(failure) }
    }

    fn still_to_come(&self, booked: &Booked) -> Result<(), BookFailure> {
        match booked.slot.starts_at < self.now() {
            true => Err(BookFailure::Rejected(format!("the appointment of {} is over", booked.slot.starts_at))),
            false => Ok(()),
        }
    }

    async fn to_come(&self, business: &Business, phone: &str) -> Result<Vec<Appointment>, Trouble> {
        let (now, ours) = (self.now(), change_of(&business.id));
        let today = business.timezone.to_datetime(now).date();
        let ask = self.api.ask(Method::GET, &["appointments"]).with("phone", phone).with("direction", "ASC");
        let mut all = self.list(ask.with("minDate", today.to_string())).await?;
        all.retain(|booked| !booked.cancelled && booked.business == ours && booked.slot.starts_at >= now);
        // Acuity finds numbers that only look alike.
        all.retain(|booked| digits(&booked.phone) == digits(phone));
        all.sort_by_key(|booked| booked.slot);
        Ok(all.iter().filter_map(|booked| self.appointment(booked)).collect())
    }

    fn address(&self, business: &Business, name: &str) -> String {
        tagged(&self.email, &format!("{name}{}", change_of(&business.id)))
    }
}

impl Calendar for Acuity {
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

impl std::fmt::Debug for AcuitySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AcuitySettings").field("url", &self.url).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Acuity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acuity").field("api", &self.api).finish_non_exhaustive()
    }
}

/// A time that is not available is taken, as far as a caller is concerned.
fn refusal(answer: &Answer, doing: &str) -> BookFailure {
    match answer.text("/error") {
        Some("not_available" | "no_available_calendar") => BookFailure::Taken,
        _ => answer.refused(doing).into(),
    }
}

/// "2026-11-24T10:00:00-0500", without the colon that others write.
fn instant(text: &str) -> Option<Timestamp> {
    BrokenDownTime::parse("%Y-%m-%dT%H:%M:%S%z", text).ok()?.to_timestamp().ok().or_else(|| text.parse().ok())
}

fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%z").to_string()
}

/// A line of the notes that says which change was made.
fn note(key: &str) -> String {
    format!("[offhook change {}]", change_of(key))
}

/// Numbers are sometimes written as texts.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

fn number(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number))
}

fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

fn unknown() -> BookFailure {
    BookFailure::Rejected("there is no such appointment".to_owned())
}

fn unreadable(doing: &str) -> Trouble {
    Trouble::Unavailable(format!("{doing}: Acuity's answer is not understood"))
}

/// Appointments of one answer; one number or name never has more.
const PAGE: &str = "100";
