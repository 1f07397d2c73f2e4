//! Google Calendar (API v3).
//!
//! An event's id is ours to choose (`events.insert`), so the name of a booking is the id of its event: a second insert
//! answers 409. Deleted events keep their id and what was written into them, which is how a cancelled appointment is
//! still known. Changes go with If-Match. Calendars of other people are only asked when they are busy (`freebusy.query`).

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::IF_MATCH;
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::hosted::api::{Answer, Api, Ask, Auth};
use super::hosted::desk::Desk;
use super::hosted::event::{Added, Change, Event, Events, Mark, NAME_CHARS, New, PHONE, State, Wrote};
use super::hosted::time;
use super::trouble::Trouble;
use super::{CalendarError, Clock, OAuthSettings};
use crate::conversation::Slot;

/// Which calendar of Google's, and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleSettings {
    /// Address of the API, like `https://www.googleapis.com/calendar/v3`.
    pub url: String,
    /// Id of the calendar, like "primary".
    pub calendar: String,
    /// Ids of calendars that keep us from booking when they are busy.
    pub busy: Vec<String>,
    /// The user's permission.
    pub oauth: OAuthSettings,
}

/// Single events of a Google calendar.
#[derive(Debug)]
pub struct GoogleEvents {
    api: Api,
    calendar: String,
    busy: Vec<String>,
}

/// Appointments in a Google calendar.
pub type Google = Desk<GoogleEvents>;

impl Google {
    /// A calendar that is asked at the first question; addresses that cannot be ones are refused here.
    pub fn open(settings: GoogleSettings, clock: Clock) -> Result<Google, CalendarError> {
        let auth = Auth::oauth(settings.oauth)?;
        let api = Api::new(&settings.url, auth, throttled)?;
        Ok(Desk::new(GoogleEvents { api, calendar: settings.calendar, busy: settings.busy }, clock))
    }
}

impl GoogleEvents {
    fn events(&self, method: Method, rest: &[&str]) -> Ask {
        let parts = [&["calendars", self.calendar.as_str(), "events"], rest].concat();
        self.api.ask(method, &parts)
    }

    async fn pages(&self, ask: Ask, zone: &TimeZone) -> Result<Vec<Event>, Trouble> {
        let (mut found, mut next) = (Vec::new(), None::<String>);
        for _ in 0..PAGES_MAX {
            let page = match &next {
                Some(token) => ask.clone().with("pageToken", token),
                None => ask.clone(),
            };
            let body = self.api.send(&page).await?.good("listing events")?;
            let items = body["items"].as_array().into_iter().flatten();
            found.extend(items.filter_map(|item| event(item, zone)));
            next = body["nextPageToken"].as_str().map(str::to_owned);
            if next.is_none() {
                return Ok(found);
            }
        }
        Err(Trouble::Unavailable(format!("more than {PAGES_MAX} pages of events")))
    }

    fn wrote(answer: Answer, doing: &str) -> Result<Wrote, Trouble> {
        match answer.status {
            StatusCode::PRECONDITION_FAILED | StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::CONFLICT => {
                Ok(Wrote::Changed)
            }
            _ => {
                let body = answer.good(doing)?;
                event(&body, &TimeZone::UTC).map(|event| Wrote::Done(Box::new(event))).ok_or_else(|| unreadable(doing))
            }
        }
    }
}

impl Events for GoogleEvents {
    async fn probe(&self) -> Result<String, Trouble> {
        let ask = self.events(Method::GET, &[]).with("maxResults", "1").with("fields", "summary");
        let answer = self.api.send(&ask).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Err(Trouble::Refused(format!("there is no calendar `{}`", self.calendar))),
            _ => Ok(answer.good("reading the calendar")?["summary"].as_str().unwrap_or(&self.calendar).to_owned()),
        }
    }

    async fn add(&self, new: &New) -> Result<Added, Trouble> {
        let mut body = json!({
            "id": new.mark.name,
            "summary": new.title,
            "description": new.about,
            "status": status(new.mark.state),
            "start": {"dateTime": new.slot.starts_at.to_string(), "timeZone": new.zone},
            "end": {"dateTime": new.slot.ends_at.to_string(), "timeZone": new.zone},
            "extendedProperties": {"private": private(&new.mark)},
        });
        if let Some(place) = &new.place {
            body["location"] = json!(place);
        }
        let answer = self.api.send(&self.events(Method::POST, &[]).with("sendUpdates", "none").json(body)).await?;
        if answer.status == StatusCode::CONFLICT {
            return Ok(Added::There);
        }
        let body = answer.good("writing an event")?;
        let event = event(&body, &TimeZone::UTC).ok_or_else(|| unreadable("writing an event"))?;
        Ok(Added::New(Box::new(event)))
    }

    async fn named(&self, name: &str) -> Result<Option<Event>, Trouble> {
        self.read(name).await
    }

    async fn read(&self, id: &str) -> Result<Option<Event>, Trouble> {
        // Ours have such ids only; others are never asked for.
        if id.len() != NAME_CHARS || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let answer = self.api.send(&self.events(Method::GET, &[id])).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            _ => Ok(event(&answer.good("reading an event")?, &TimeZone::UTC)),
        }
    }

    async fn change(&self, old: &Event, change: &Change) -> Result<Wrote, Trouble> {
        let mut body = json!({
            "status": status(change.mark.state),
            "extendedProperties": {"private": private(&change.mark)},
        });
        if let Some((slot, zone)) = &change.slot {
            body["start"] = json!({"dateTime": slot.starts_at.to_string(), "timeZone": zone});
            body["end"] = json!({"dateTime": slot.ends_at.to_string(), "timeZone": zone});
        }
        let ask = self.events(Method::PATCH, &[&old.id]).with("sendUpdates", updates(change.mark.state));
        GoogleEvents::wrote(self.api.send(&ask.header(IF_MATCH, &old.etag).json(body)).await?, "changing an event")
    }

    /// As `events.delete` does, in one step with the note of whose change it was.
    async fn cancel(&self, old: &Event, mark: &Mark) -> Result<Wrote, Trouble> {
        let body = json!({"status": "cancelled", "extendedProperties": {"private": private(mark)}});
        let ask = self.events(Method::PATCH, &[&old.id]).with("sendUpdates", "all");
        GoogleEvents::wrote(self.api.send(&ask.header(IF_MATCH, &old.etag).json(body)).await?, "cancelling an event")
    }

    async fn withdraw(&self, old: &Event) -> Result<bool, Trouble> {
        let ask = self.events(Method::DELETE, &[&old.id]).with("sendUpdates", "none").header(IF_MATCH, &old.etag);
        let answer = self.api.send(&ask).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(true),
            StatusCode::PRECONDITION_FAILED => Ok(false),
            _ => answer.good("withdrawing a hold").map(|_| true),
        }
    }

    async fn between(&self, span: Slot, zone: &TimeZone) -> Result<Vec<Event>, Trouble> {
        let wide = time::widened(span);
        let ask = self
            .events(Method::GET, &[])
            .with("timeMin", wide.starts_at.to_string())
            .with("timeMax", wide.ends_at.to_string())
            .with("singleEvents", "true")
            .with("maxResults", PAGE);
        let found = self.pages(ask, zone).await?;
        Ok(found.into_iter().filter(|event| event.touches(span)).collect())
    }

    async fn elsewhere(&self, span: Slot) -> Result<Vec<Slot>, Trouble> {
        let mut found = Vec::new();
        if self.busy.is_empty() {
            return Ok(found);
        }
        let items: Vec<Value> = self.busy.iter().map(|id| json!({"id": id})).collect();
        for part in time::parts(span, FREE_BUSY_DAYS_MAX) {
            let body = json!({
                "timeMin": part.starts_at.to_string(), "timeMax": part.ends_at.to_string(), "items": items,
            });
            let answer = self.api.send(&self.api.ask(Method::POST, &["freeBusy"]).json(body)).await?;
            let body = answer.good("asking who is busy")?;
            for id in &self.busy {
                found.extend(busy(&body["calendars"][id.as_str()], id)?);
            }
        }
        Ok(found)
    }

    async fn of_phone(&self, phone: &str, from: Timestamp) -> Result<Vec<Event>, Trouble> {
        let ask = self
            .events(Method::GET, &[])
            .with("privateExtendedProperty", format!("{PHONE}={phone}"))
            .with("timeMin", from.to_string())
            .with("singleEvents", "true")
            .with("maxResults", PAGE);
        self.pages(ask, &TimeZone::UTC).await
    }
}

/// 403 means many things; these of its reasons mean "slower".
fn throttled(answer: &Answer) -> bool {
    let reason = answer.text("/error/errors/0/reason").unwrap_or_default();
    answer.status == StatusCode::FORBIDDEN
        && matches!(reason, "rateLimitExceeded" | "userRateLimitExceeded" | "quotaExceeded")
}

/// What one calendar of a free-busy answer says; silence about it is no permission to book.
fn busy(calendar: &Value, id: &str) -> Result<Vec<Slot>, Trouble> {
    if let Some(error) = calendar["errors"].get(0) {
        let reason = error["reason"].as_str().unwrap_or_default();
        return Err(match reason {
            "internalError" | "backendError" => Trouble::Unavailable(format!("Google cannot say when {id} is busy")),
            _ => {
                Trouble::Refused(format!("Google does not tell when {id} is busy ({reason}); share it with this user"))
            }
        });
    }
    let spans = calendar["busy"].as_array().ok_or_else(|| unreadable("asking who is busy"))?;
    let read = |span: &Value| {
        let (start, end) = (span["start"].as_str()?, span["end"].as_str()?);
        Some(Slot { starts_at: start.parse().ok()?, ends_at: end.parse().ok()? })
    };
    spans.iter().map(|span| read(span).ok_or_else(|| unreadable("asking who is busy"))).collect()
}

fn event(item: &Value, zone: &TimeZone) -> Option<Event> {
    let private = &item["extendedProperties"]["private"];
    let gone = item["status"] == "cancelled";
    Some(Event {
        id: item["id"].as_str()?.to_owned(),
        etag: item["etag"].as_str()?.to_owned(),
        title: item["summary"].as_str().unwrap_or_default().to_owned(),
        slot: moment(&item["start"], zone)
            .zip(moment(&item["end"], zone))
            .and_then(|(starts_at, ends_at)| (starts_at < ends_at).then_some(Slot { starts_at, ends_at })),
        blocks: !gone && item["transparency"] != "transparent" && !declined(item),
        gone,
        mark: Mark::read(|name| Some(private[name].as_str()?.to_owned())),
    })
}

/// An instant, or a day where the business is.
fn moment(value: &Value, zone: &TimeZone) -> Option<Timestamp> {
    match value["dateTime"].as_str() {
        Some(text) => text.parse().ok(),
        None => time::midnight(value["date"].as_str()?, zone),
    }
}

/// Whether the calendar's owner said no to it.
fn declined(item: &Value) -> bool {
    let attendees = item["attendees"].as_array().into_iter().flatten();
    attendees.clone().any(|one| one["self"] == true && one["responseStatus"] == "declined")
}

fn status(state: State) -> &'static str {
    match state {
        State::Hold(_) => "tentative",
        State::Confirmed => "confirmed",
        State::Cancelled => "cancelled",
    }
}

/// Nobody is told about what is only held.
fn updates(state: State) -> &'static str {
    if matches!(state, State::Hold(_)) { "none" } else { "all" }
}

fn private(mark: &Mark) -> Map<String, Value> {
    mark.pairs().into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
}

fn unreadable(doing: &str) -> Trouble {
    Trouble::Unavailable(format!("{doing}: Google's answer is not understood"))
}

/// Events on a page; Google allows 2500.
const PAGE: &str = "250";
/// Pages of one question: years of a busy calendar.
const PAGES_MAX: usize = 40;
/// Google refuses longer questions.
const FREE_BUSY_DAYS_MAX: SignedDuration = SignedDuration::from_hours(24 * 60);
