//! Rows as the API shows them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use utoipa::ToSchema;

use super::error::{Result, StoreError};
use super::job_state::JobState;
use super::record::{Fields, Object};
use super::records::NO_PHONE;
use crate::conversation::reference;

/// An appointment in the built-in calendar.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AppointmentRow {
    /// Our id.
    pub id: String,
    /// Business key.
    pub business: String,
    /// Service key.
    pub service: String,
    /// Who does it, where the business has staff.
    pub staff: Option<String>,
    /// Start, RFC 3339 with the business's offset at that time.
    #[serde(serialize_with = "with_offset")]
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Zoned,
    /// End, RFC 3339 with the business's offset at that time.
    #[serde(serialize_with = "with_offset")]
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Zoned,
    /// The business's zone, IANA name.
    pub timezone: String,
    /// Contact in the CRM, once it was written.
    pub contact_id: Option<String>,
    /// The call it was made in.
    pub call_id: String,
    /// Customer's name as heard.
    pub name: String,
    /// Customer's number, E.164.
    pub phone: String,
    /// Reason the caller gave.
    pub reason: Option<String>,
    /// `confirmed` or `cancelled`.
    pub status: String,
    /// Idempotency key.
    pub key: String,
    /// The number a caller may have been told.
    pub reference: String,
}

/// A contact in the built-in store: one per business and number.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ContactRow {
    /// Our id.
    pub id: String,
    /// Business key.
    pub business: String,
    /// E.164; empty when it is not known.
    pub phone: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Full name; the first one heard stays.
    pub name: Option<String>,
    /// What else was learned: other names heard, other numbers given.
    pub notes: Vec<String>,
    /// Date of birth, ISO 8601.
    pub birth_date: Option<String>,
    /// ZIP or post code.
    pub zip: Option<String>,
    /// Account tier.
    pub tier: Option<String>,
    /// What has no place of its own.
    #[schema(value_type = Object)]
    pub fields: Fields,
    /// First written.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Last written.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A call as the CRM shows it: one per call.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ActivityRow {
    /// Our id.
    pub id: String,
    /// Idempotency key.
    pub key: String,
    /// The call.
    pub call_id: String,
    /// Whose; none for a withheld number.
    pub contact_id: Option<String>,
    /// One line.
    pub subject: String,
    /// Summary.
    pub body: String,
    /// Who wrote it.
    pub source: String,
    /// When the call began.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
    /// How often it was written: once when it was made, once for each change since.
    pub writes: i64,
    /// Everything else the call came to: status, disposition, duration, numbers, scores, links.
    #[schema(value_type = Object)]
    pub fields: Fields,
}

/// A follow-up somebody has to do.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TaskRow {
    /// Our id.
    pub id: String,
    /// Idempotency key.
    pub key: String,
    /// The call it came from.
    pub call_id: String,
    /// Whose; none for a withheld number.
    pub contact_id: Option<String>,
    /// One line.
    pub subject: String,
    /// Details.
    pub body: String,
    /// Do it by then.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// `open` or `done`.
    pub status: String,
    /// What has no place of its own: owner, type.
    #[schema(value_type = Object)]
    pub fields: Fields,
}

/// An outbox row.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct JobRow {
    /// Row number.
    pub id: i64,
    /// Idempotency key.
    pub key: String,
    /// Key of the row that must be done first.
    pub after: Option<String>,
    /// The call it came from.
    pub call_id: String,
    /// Business key.
    pub business: String,
    /// What is to be written ("contact", "activity", "task").
    pub kind: String,
    /// The written values.
    pub payload: serde_json::Value,
    /// Where it stands.
    pub state: JobState,
    /// Deliveries that failed so far.
    pub attempts: u32,
    /// Not before; while leased, when the lease ends and the row may be taken over.
    #[schema(value_type = String, format = DateTime)]
    pub run_at: Timestamp,
    /// Why it is parked or being retried.
    pub reason: Option<String>,
    /// The other side's id of what was written.
    pub external_id: Option<String>,
    /// Rows of one lane are delivered in order.
    pub lane: Option<String>,
    /// What it stands on: source, transcript hash, confidence, citations, policy.
    #[schema(value_type = Object)]
    pub basis: serde_json::Value,
    /// Who said yes, where somebody was asked.
    pub approved_by: Option<String>,
    /// What a roll-back restores.
    #[serde(skip)]
    pub prior: Option<serde_json::Value>,
    /// Enqueued.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Last change of state.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl AppointmentRow {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let timezone: String = row.try_get("timezone")?;
        // A zone this machine does not know is shown in UTC: the instant stays right.
        let zone = TimeZone::get(&timezone).unwrap_or(TimeZone::UTC);
        let id: String = row.try_get("id")?;
        Ok(AppointmentRow {
            reference: reference(&id),
            id,
            business: row.try_get("business")?,
            service: row.try_get("service")?,
            staff: row.try_get("staff")?,
            starts_at: time(row, "starts_us")?.to_zoned(zone.clone()),
            ends_at: time(row, "ends_us")?.to_zoned(zone),
            timezone,
            contact_id: row.try_get("contact_id")?,
            call_id: row.try_get("call_id")?,
            name: row.try_get("name")?,
            phone: row.try_get("phone")?,
            reason: row.try_get("reason")?,
            status: row.try_get("status")?,
            key: row.try_get("key")?,
        })
    }
}

impl ContactRow {
    /// `notes` comes as a JSON array.
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let notes: String = row.try_get("notes")?;
        Ok(ContactRow {
            id: row.try_get("id")?,
            business: row.try_get("business")?,
            phone: row.try_get::<String, _>("phone").map(shown_phone)?,
            email: row.try_get("email")?,
            name: row.try_get("name")?,
            notes: serde_json::from_str(&notes).map_err(|e| sqlx::Error::Decode(e.into()))?,
            birth_date: row.try_get("birth_date")?,
            zip: row.try_get("zip")?,
            tier: row.try_get("tier")?,
            fields: more(row)?,
            created_at: time(row, "created_us")?,
            updated_at: time(row, "updated_us")?,
        })
    }
}

impl ActivityRow {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(ActivityRow {
            id: row.try_get("id")?,
            key: row.try_get("key")?,
            call_id: row.try_get("call_id")?,
            contact_id: row.try_get("contact_id")?,
            subject: row.try_get("subject")?,
            body: row.try_get("body")?,
            source: row.try_get("source")?,
            occurred_at: time(row, "occurred_us")?,
            writes: row.try_get("writes")?,
            fields: more(row)?,
        })
    }
}

impl TaskRow {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(TaskRow {
            id: row.try_get("id")?,
            key: row.try_get("key")?,
            call_id: row.try_get("call_id")?,
            contact_id: row.try_get("contact_id")?,
            subject: row.try_get("subject")?,
            body: row.try_get("body")?,
            due_at: time(row, "due_us")?,
            status: row.try_get("status")?,
            fields: more(row)?,
        })
    }
}

impl JobRow {
    /// The key the CRM's record is kept under: an earlier state of a call's activity (`KEY@started`) is the same record.
    pub fn record_key(&self) -> &str {
        match self.key.split_once('@') {
            Some((record, _)) if self.kind == Object::Activity.as_str() => record,
            _ => &self.key,
        }
    }

    pub(super) fn read(row: &SqliteRow) -> Result<Self> {
        let id: i64 = row.try_get("id").map_err(|e| StoreError::Sql { what: "read a job", source: e })?;
        let corrupt = |reason: String| StoreError::Corrupt { what: "outbox row", id: id.to_string(), reason };
        JobRow::columns(id, row).map_err(|e| corrupt(e.to_string()))
    }

    fn columns(id: i64, row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let state: String = row.try_get("state")?;
        let payload: String = row.try_get("payload")?;
        let attempts: i64 = row.try_get("attempts")?;
        Ok(JobRow {
            id,
            key: row.try_get("key")?,
            after: row.try_get("after_key")?,
            call_id: row.try_get("call_id")?,
            business: row.try_get("business")?,
            kind: row.try_get("kind")?,
            payload: json(&payload)?,
            state: JobState::parse(&state).ok_or_else(|| sqlx::Error::Decode(format!("no state {state:?}").into()))?,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            run_at: time(row, "run_at_us")?,
            reason: row.try_get("reason")?,
            external_id: row.try_get("external_id")?,
            lane: row.try_get("lane")?,
            basis: json(&row.try_get::<String, _>("basis")?)?,
            approved_by: row.try_get("approved_by")?,
            prior: row.try_get::<Option<String>, _>("prior")?.as_deref().map(json).transpose()?,
            created_at: time(row, "created_us")?,
            updated_at: time(row, "updated_us")?,
        })
    }
}

fn json(text: &str) -> Result<serde_json::Value, sqlx::Error> {
    serde_json::from_str(text).map_err(|e| sqlx::Error::Decode(e.into()))
}

fn more(row: &SqliteRow) -> Result<Fields, sqlx::Error> {
    let more: String = row.try_get("more")?;
    serde_json::from_str(&more).map_err(|e| sqlx::Error::Decode(e.into()))
}

fn shown_phone(stored: String) -> String {
    if stored.starts_with(NO_PHONE) { String::new() } else { stored }
}

pub(super) fn time(row: &SqliteRow, column: &str) -> Result<Timestamp, sqlx::Error> {
    let us: i64 = row.try_get(column)?;
    Timestamp::from_microsecond(us).map_err(|e| sqlx::Error::Decode(e.into()))
}

fn with_offset<S: serde::Serializer>(at: &Zoned, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&at.timestamp().display_with_offset(at.offset()))
}
