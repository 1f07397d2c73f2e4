//! Microsoft 365 and Outlook.com calendars (Microsoft Graph v1.0).
//!
//! Ids are the server's (immutable ones are asked for), so a booking is found by its name in an extended property, and a
//! repeated POST is known by its `transactionId`. Changes go with If-Match. A deleted event would leave nothing by which
//! a cancelled appointment could be told from one that never was: it stays, marked, shown as free and titled
//! "Cancelled: ...". Calendars of other people are only asked when they are busy (`getSchedule`).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderName, IF_MATCH};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::hosted::api::{Api, Ask, Auth};
use super::hosted::desk::Desk;
use super::hosted::event::{Added, Change, Event, Events, Mark, NAME, New, PHONE, State, Wrote};
use super::hosted::time;
use super::trouble::Trouble;
use super::{CalendarError, Clock, OAuthSettings};
use crate::conversation::Slot;

/// Which calendar of Microsoft's, and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphSettings {
    /// Address of the API, like `https://graph.microsoft.com/v1.0`.
    pub url: String,
    /// Id of the calendar; none for the mailbox's own.
    pub calendar: Option<String>,
    /// Mailbox; none for that of whoever logged in.
    pub user: Option<String>,
    /// Addresses of mailboxes that keep us from booking when they are busy.
    pub busy: Vec<String>,
    /// The user's permission.
    pub oauth: OAuthSettings,
}

/// Single events of a Microsoft calendar.
#[derive(Debug)]
pub struct GraphEvents {
    api: Api,
    calendar: Option<String>,
    user: Option<String>,
    busy: Vec<String>,
}

/// Appointments in a Microsoft calendar.
pub type Graph = Desk<GraphEvents>;

impl Graph {
    /// A calendar that is asked at the first question; addresses that cannot be ones are refused here.
    pub fn open(settings: GraphSettings, clock: Clock) -> Result<Graph, CalendarError> {
        let GraphSettings { url, calendar, user, busy, oauth } = settings;
        let api = Api::new(&url, Auth::oauth(oauth)?, |_| false)?;
        Ok(Desk::new(GraphEvents { api, calendar, user, busy }, clock))
    }
}

impl GraphEvents {
    fn ask(&self, method: Method, rest: &[&str]) -> Ask {
        let owner = match &self.user {
            Some(user) => vec!["users", user.as_str()],
            None => vec!["me"],
        };
        preferred(self.api.ask(method, &[&owner, rest].concat()))
    }

    fn in_calendar(&self, method: Method, part: &str) -> Ask {
        match &self.calendar {
            Some(id) => self.ask(method, &["calendars", id, part]),
            None => self.ask(method, &["calendar", part]),
        }
    }

    async fn pages(&self, ask: Ask, zone: &TimeZone) -> Result<Vec<Event>, Trouble> {
        let (mut found, mut page) = (Vec::new(), ask);
        for _ in 0..PAGES_MAX {
            let body = self.api.send(&page).await?.good("listing events")?;
            let items = body["value"].as_array().into_iter().flatten();
            found.extend(items.filter_map(|item| event(item, zone)));
            let Some(next) = body["@odata.nextLink"].as_str() else { return Ok(found) };
            let next = self.api.follow(next).ok_or_else(|| unreadable("listing events"))?;
            page = preferred(next);
        }
        Err(Trouble::Unavailable(format!("more than {PAGES_MAX} pages of events")))
    }

    /// Events with one of our properties.
    async fn marked(&self, property: &str, value: &str) -> Result<Vec<Event>, Trouble> {
        let (id, value) = (property_id(property), value.replace('\'', "''"));
        let filter = format!("singleValueExtendedProperties/Any(ep: ep/id eq '{id}' and ep/value eq '{value}')");
        let ask = self.in_calendar(Method::GET, "events").with("$filter", filter).with("$top", PAGE);
        self.pages(expanded(ask), &TimeZone::UTC).await
    }

    async fn write(&self, old: &Event, body: Value, mark: &Mark, doing: &str) -> Result<Wrote, Trouble> {
        let ask = self.ask(Method::PATCH, &["events", &old.id]).header(IF_MATCH, &old.etag).json(body);
        let answer = self.api.send(&ask).await?;
        match answer.status {
            StatusCode::PRECONDITION_FAILED | StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::CONFLICT => {
                Ok(Wrote::Changed)
            }
            _ => {
                let event = event(&answer.good(doing)?, &TimeZone::UTC).ok_or_else(|| unreadable(doing))?;
                // Extended properties are not in the answer to a write.
                let gone = event.gone || mark.state == State::Cancelled;
                Ok(Wrote::Done(Box::new(Event { mark: Some(mark.clone()), gone, ..event })))
            }
        }
    }
}

impl Events for GraphEvents {
    async fn probe(&self) -> Result<String, Trouble> {
        let ask = match &self.calendar {
            Some(id) => self.ask(Method::GET, &["calendars", id]),
            None => self.ask(Method::GET, &["calendar"]),
        };
        let answer = self.api.send(&ask.with("$select", "name")).await?;
        let name = self.calendar.as_deref().unwrap_or("calendar");
        match answer.status {
            StatusCode::NOT_FOUND => Err(Trouble::Refused(format!("there is no calendar `{name}`"))),
            _ => Ok(answer.good("reading the calendar")?["name"].as_str().unwrap_or(name).to_owned()),
        }
    }

    async fn add(&self, new: &New) -> Result<Added, Trouble> {
        // A transaction that led to an event which was withdrawn since leads nowhere any more.
        for attempt in 0..TRANSACTIONS_MAX {
            let mut body = json!({
                "subject": new.title,
                "body": {"contentType": "text", "content": new.about},
                "start": moment(new.slot.starts_at),
                "end": moment(new.slot.ends_at),
                "showAs": shown(new.mark.state),
                "transactionId": format!("{}-{attempt}", new.mark.name),
                "singleValueExtendedProperties": properties(&new.mark),
            });
            if let Some(place) = &new.place {
                body["location"] = json!({"displayName": place});
            }
            let answer = self.api.send(&self.in_calendar(Method::POST, "events").json(body)).await?;
            if answer.status == StatusCode::CONFLICT {
                if self.named(&new.mark.name).await?.is_some() {
                    return Ok(Added::There);
                }
                continue;
            }
            let body = answer.good("writing an event")?;
            let id = body["id"].as_str().ok_or_else(|| unreadable("writing an event"))?;
            // It may be the event of an earlier attempt: what it says is read.
            if let Some(event) = self.read(id).await? {
                return Ok(Added::New(Box::new(event)));
            }
        }
        Err(Trouble::Unavailable("Microsoft does not show what was just written".to_owned()))
    }

    async fn named(&self, name: &str) -> Result<Option<Event>, Trouble> {
        Ok(self.marked(NAME, name).await?.into_iter().next())
    }

    async fn read(&self, id: &str) -> Result<Option<Event>, Trouble> {
        let answer = self.api.send(&expanded(self.ask(Method::GET, &["events", id]))).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            // An id that cannot be one of theirs.
            StatusCode::BAD_REQUEST if answer.text("/error/code") == Some("ErrorInvalidIdMalformed") => Ok(None),
            _ => Ok(event(&answer.good("reading an event")?, &TimeZone::UTC)),
        }
    }

    async fn change(&self, old: &Event, change: &Change) -> Result<Wrote, Trouble> {
        let mut body = json!({
            "showAs": shown(change.mark.state),
            "singleValueExtendedProperties": properties(&change.mark),
        });
        if let Some((slot, _)) = &change.slot {
            body["start"] = moment(slot.starts_at);
            body["end"] = moment(slot.ends_at);
        }
        self.write(old, body, &change.mark, "changing an event").await
    }

    async fn cancel(&self, old: &Event, mark: &Mark) -> Result<Wrote, Trouble> {
        let body = json!({
            "subject": format!("Cancelled: {}", old.title),
            "showAs": shown(State::Cancelled),
            "isReminderOn": false,
            "singleValueExtendedProperties": properties(mark),
        });
        self.write(old, body, mark, "cancelling an event").await
    }

    async fn withdraw(&self, old: &Event) -> Result<bool, Trouble> {
        let ask = self.ask(Method::DELETE, &["events", &old.id]).header(IF_MATCH, &old.etag);
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
            .in_calendar(Method::GET, "calendarView")
            .with("startDateTime", wide.starts_at.to_string())
            .with("endDateTime", wide.ends_at.to_string())
            .with("$top", PAGE);
        let found = self.pages(expanded(ask), zone).await?;
        Ok(found.into_iter().filter(|event| event.touches(span)).collect())
    }

    async fn elsewhere(&self, span: Slot) -> Result<Vec<Slot>, Trouble> {
        let mut found = Vec::new();
        if self.busy.is_empty() {
            return Ok(found);
        }
        for part in time::parts(span, SCHEDULE_MAX) {
            let body = json!({
                "schedules": self.busy,
                "startTime": moment(part.starts_at),
                "endTime": moment(part.ends_at),
                "availabilityViewInterval": 60,
            });
            let answer = self.api.send(&self.ask(Method::POST, &["calendar", "getSchedule"]).json(body)).await?;
            found.extend(schedules(&answer.good("asking who is busy")?, &self.busy)?);
        }
        Ok(found)
    }

    async fn of_phone(&self, phone: &str, from: Timestamp) -> Result<Vec<Event>, Trouble> {
        let found = self.marked(PHONE, phone).await?;
        Ok(found.into_iter().filter(|event| event.slot.is_some_and(|slot| slot.ends_at > from)).collect())
    }
}

/// Ids that stay when somebody moves an event to another folder, and times in UTC.
fn preferred(ask: Ask) -> Ask {
    ask.header(HeaderName::from_static("prefer"), "IdType=\"ImmutableId\", outlook.timezone=\"UTC\"")
}

/// Extended properties come only when each is asked for.
fn expanded(ask: Ask) -> Ask {
    let wanted: Vec<String> =
        blank().pairs().iter().map(|(name, _)| format!("id eq '{}'", property_id(name))).collect();
    ask.with("$expand", format!("singleValueExtendedProperties($filter={})", wanted.join(" or ")))
}

fn properties(mark: &Mark) -> Vec<Value> {
    mark.pairs().iter().map(|(name, value)| json!({"id": property_id(name), "value": value})).collect()
}

fn property_id(name: &str) -> String {
    format!("String {{{PROPERTY_SET}}} Name {name}")
}

/// A mark of nothing, for the names in it.
fn blank() -> Mark {
    let none = String::new;
    let state = State::Confirmed;
    Mark { name: none(), business: none(), service: none(), phone: none(), call: none(), state, changes: Vec::new() }
}

fn event(item: &Value, zone: &TimeZone) -> Option<Event> {
    let whole_day = item["isAllDay"] == true;
    let at = |value: &Value| if whole_day { time::midnight(value["dateTime"].as_str()?, zone) } else { instant(value) };
    let properties = item["singleValueExtendedProperties"].as_array();
    let mark = Mark::read(|name| {
        let id = property_id(name);
        let found = properties?.iter().find(|property| property["id"].as_str() == Some(id.as_str()))?;
        Some(found["value"].as_str()?.to_owned())
    });
    let cancelled = mark.as_ref().is_some_and(|mark| mark.state == State::Cancelled);
    let gone = cancelled || item["isCancelled"] == true;
    Some(Event {
        id: item["id"].as_str()?.to_owned(),
        etag: item["@odata.etag"].as_str()?.to_owned(),
        title: item["subject"].as_str().unwrap_or_default().to_owned(),
        slot: at(&item["start"])
            .zip(at(&item["end"]))
            .and_then(|(starts_at, ends_at)| (starts_at < ends_at).then_some(Slot { starts_at, ends_at })),
        blocks: !gone && !matches!(item["showAs"].as_str(), Some("free" | "workingElsewhere")),
        gone,
        mark,
    })
}

/// What an answer says of each calendar; silence about one is no permission to book.
fn schedules(body: &Value, wanted: &[String]) -> Result<Vec<Slot>, Trouble> {
    let mut found = Vec::new();
    for id in wanted {
        let said = body["value"].as_array().and_then(|all| {
            all.iter().find(|one| one["scheduleId"].as_str().is_some_and(|said| said.eq_ignore_ascii_case(id)))
        });
        let Some(items) = said.filter(|one| one["error"].is_null()).and_then(|one| one["scheduleItems"].as_array())
        else {
            let why = format!("Microsoft does not tell when {id} is busy; share that calendar with this user");
            return Err(Trouble::Refused(why));
        };
        for item in items.iter().filter(|item| !matches!(item["status"].as_str(), Some("free" | "workingElsewhere"))) {
            let span = instant(&item["start"]).zip(instant(&item["end"]));
            let (starts_at, ends_at) = span.ok_or_else(|| unreadable("asking who is busy"))?;
            found.push(Slot { starts_at, ends_at });
        }
    }
    Ok(found)
}

fn moment(at: Timestamp) -> Value {
    json!({"dateTime": TimeZone::UTC.to_datetime(at).to_string(), "timeZone": "UTC"})
}

/// "2026-11-24T15:00:00.0000000" and a zone beside it.
fn instant(value: &Value) -> Option<Timestamp> {
    let at: DateTime = value["dateTime"].as_str()?.parse().ok()?;
    let zone = match value["timeZone"].as_str() {
        None | Some("UTC") => TimeZone::UTC,
        Some(name) => TimeZone::get(name).ok()?,
    };
    zone.to_ambiguous_timestamp(at).compatible().ok()
}

fn shown(state: State) -> &'static str {
    match state {
        State::Hold(_) => "tentative",
        State::Confirmed => "busy",
        State::Cancelled => "free",
    }
}

fn unreadable(doing: &str) -> Trouble {
    Trouble::Unavailable(format!("{doing}: Microsoft's answer is not understood"))
}

/// The set our properties are in: any number, but always the same.
const PROPERTY_SET: &str = "0b2d1a3e-5c47-4f0b-9a61-6f66686f6f6b";
/// Events on a page; calendarView allows 1000.
const PAGE: &str = "100";
/// Pages of one question: years of a busy calendar.
const PAGES_MAX: usize = 100;
/// `getSchedule` refuses longer questions.
const SCHEDULE_MAX: SignedDuration = SignedDuration::from_hours(24 * 42);
/// Transactions of one booking: more than one only after a hold was withdrawn.
const TRANSACTIONS_MAX: usize = 4;
