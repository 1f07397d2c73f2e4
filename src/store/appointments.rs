//! Appointments: at most one per key, never two of one resource at the same time.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::error::{Doing, Result, StoreError};
use super::id::fresh_id;
use super::open::Store;
use super::rows::{AppointmentRow, time};

/// An appointment to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAppointment {
    /// Idempotency key.
    pub key: String,
    /// Business key.
    pub business: String,
    /// What is occupied: a chair, a bay, a person.
    pub resource: String,
    /// Service key.
    pub service: String,
    /// Start.
    pub starts_at: Timestamp,
    /// End, after the start.
    pub ends_at: Timestamp,
    /// The business's zone, IANA name.
    pub timezone: String,
    /// Customer's name.
    pub name: String,
    /// Customer's number, E.164.
    pub phone: String,
    /// Reason the caller gave.
    pub reason: Option<String>,
    /// The call it was made in.
    pub call_id: String,
}

/// What became of a booking.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// It is in the calendar, synced.
    New(AppointmentRow),
    /// Its key was there already: this is what was written then.
    Before(AppointmentRow),
    /// Another appointment occupies the resource.
    Overlaps,
}

impl Store {
    /// Writes an appointment unless its key is there or its time is taken.
    pub async fn add_appointment(&self, new: &NewAppointment) -> Result<Written> {
        let mut tx = self.write().await?;
        if let Some(row) = by_key(&mut tx, &new.key).await? {
            return Ok(Written::Before(row));
        }
        match insert(&mut tx, new).await {
            Err(e) if is_overlap(&e) => return Ok(Written::Overlaps),
            other => other.doing("write an appointment")?,
        }
        let row = by_key(&mut tx, &new.key).await?;
        tx.commit().await.doing("commit an appointment")?;
        row.map(Written::New).ok_or_else(|| StoreError::Corrupt {
            what: "appointment",
            id: new.key.clone(),
            reason: "it vanished while being written".to_owned(),
        })
    }

    /// The appointment written under a key.
    pub async fn appointment_by_key(&self, key: &str) -> Result<Option<AppointmentRow>> {
        let mut connection = self.reader().acquire().await.doing("read an appointment")?;
        by_key(&mut connection, key).await
    }

    /// Appointments that end after `from` (all when none), in order of start.
    pub async fn appointments(&self, from: Option<Timestamp>, limit: u32) -> Result<Vec<AppointmentRow>> {
        let sql = "SELECT * FROM appointments WHERE $1 IS NULL OR ends_us > $1 ORDER BY starts_us, id LIMIT $2";
        let rows = sqlx::query(sql)
            .bind(from.map(|t| t.as_microsecond()))
            .bind(i64::from(limit))
            .fetch_all(self.reader())
            .await
            .doing("list appointments")?;
        rows.iter().map(AppointmentRow::read).collect::<Result<_, _>>().doing("read appointments")
    }

    /// Confirmed appointments made in a call, in the order they were made.
    pub async fn appointments_of_call(&self, call_id: &str) -> Result<Vec<AppointmentRow>> {
        let sql = "SELECT * FROM appointments WHERE call_id = $1 AND status = 'confirmed' ORDER BY created_us, id";
        let rows = sqlx::query(sql).bind(call_id).fetch_all(self.reader()).await.doing("list a call's appointments")?;
        rows.iter().map(AppointmentRow::read).collect::<Result<_, _>>().doing("read appointments")
    }

    /// Start and end of what occupies a resource within `[from, to)`, in order of start.
    pub async fn occupied(
        &self,
        business: &str,
        resource: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Timestamp, Timestamp)>> {
        let sql = "SELECT starts_us, ends_us FROM appointments WHERE business = $1 AND resource = $2
            AND status = 'confirmed' AND starts_us < $4 AND ends_us > $3 ORDER BY starts_us";
        let rows = sqlx::query(sql)
            .bind(business)
            .bind(resource)
            .bind(from.as_microsecond())
            .bind(to.as_microsecond())
            .fetch_all(self.reader())
            .await
            .doing("list occupied times")?;
        let spans = rows.iter().map(|row| Ok((time(row, "starts_us")?, time(row, "ends_us")?)));
        spans.collect::<Result<_, _>>().doing("read occupied times")
    }
}

async fn by_key(connection: &mut SqliteConnection, key: &str) -> Result<Option<AppointmentRow>> {
    let row = sqlx::query("SELECT * FROM appointments WHERE key = $1")
        .bind(key)
        .fetch_optional(connection)
        .await
        .doing("read an appointment")?;
    row.as_ref().map(AppointmentRow::read).transpose().doing("read an appointment")
}

async fn insert(tx: &mut SqliteConnection, new: &NewAppointment) -> Result<(), sqlx::Error> {
    let sql =
        "INSERT INTO appointments (id, key, business, resource, service, starts_us, ends_us, timezone, name, phone,
            reason, call_id, status, created_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'confirmed', $13)";
    sqlx::query(sql)
        .bind(fresh_id())
        .bind(&new.key)
        .bind(&new.business)
        .bind(&new.resource)
        .bind(&new.service)
        .bind(new.starts_at.as_microsecond())
        .bind(new.ends_at.as_microsecond())
        .bind(&new.timezone)
        .bind(&new.name)
        .bind(&new.phone)
        .bind(&new.reason)
        .bind(&new.call_id)
        .bind(Timestamp::now().as_microsecond())
        .execute(tx)
        .await
        .map(drop)
}

/// The triggers of `0001_ledger.sql` speak through the error's text: SQLite has no number for it.
fn is_overlap(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|e| e.message().contains("appointment overlaps"))
}

/// Links a call's appointments to its contact.
pub(super) async fn link_contact(tx: &mut SqliteConnection, call_id: &str, contact_id: &str) -> Result<()> {
    let sql = "UPDATE appointments SET contact_id = $2 WHERE call_id = $1";
    sqlx::query(sql).bind(call_id).bind(contact_id).execute(&mut *tx).await.doing("link an appointment")?;
    let sql = "UPDATE calls SET contact_id = $2 WHERE id = $1";
    sqlx::query(sql).bind(call_id).bind(contact_id).execute(tx).await.doing("link a call")?;
    Ok(())
}
