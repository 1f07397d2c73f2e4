//! Appointments: at most one per key, never two of one resource at the same time.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::error::{Doing, Result, StoreError};
use super::id::fresh_id;
use super::occupancy::{Needs, clear, give_back, is_full, pick, take_up, taken_by};
use super::open::Store;
use super::rows::AppointmentRow;

/// An appointment to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// Whom and what else it takes up.
    pub needs: Needs,
}

/// A change of an appointment to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// Idempotency key.
    pub key: &'a str,
    /// Business key; an appointment of another business is unknown.
    pub business: &'a str,
    /// The appointment's id.
    pub id: &'a str,
    /// Its new start and end; none cancels it.
    pub to: Option<(Timestamp, Timestamp)>,
    /// Whom and what it takes up then.
    pub needs: &'a Needs,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Changed {
    /// Written, now or when its key was first asked: the appointment as it stands.
    Done(Box<AppointmentRow>),
    /// Another appointment occupies the resource then; this one stays where it was.
    Overlaps,
    /// It was cancelled before: nothing to move.
    Cancelled,
    /// Its key was given up: it will never be made.
    Withdrawn,
    /// The business has no such appointment.
    Unknown,
}

/// What became of a booking.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// It is in the calendar, synced.
    New(AppointmentRow),
    /// Its key was there already: this is what was written then.
    Before(AppointmentRow),
    /// Its key was withdrawn: it will never be written.
    Withdrawn,
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
        if is_withdrawn(&mut tx, &new.key).await? {
            return Ok(Written::Withdrawn);
        }
        clear(&mut tx, &new.needs).await?;
        let (id, span) = (fresh_id(), (new.starts_at, new.ends_at));
        let mut needs = new.needs.clone();
        if needs.one_of.is_empty() {
            needs.one_of = vec![vec![new.resource.clone()]];
        }
        if is_full(&mut tx, &new.business, &new.service, &id, &needs).await? {
            return Ok(Written::Overlaps);
        }
        let Some(picked) = pick(&mut tx, &new.business, &id, span, &needs).await? else {
            return Ok(Written::Overlaps);
        };
        let written = match insert(&mut tx, &id, new, &picked).await {
            Ok(()) => take_up(&mut tx, &new.business, &id, span, &needs, &picked, None).await,
            Err(e) => Err(e),
        };
        match written {
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

    /// Cancels what was booked under a key, leaves what was changed under it, and sees to it that nothing else ever
    /// is. Whether there was something.
    pub async fn settle_key(&self, business: &str, key: &str) -> Result<bool> {
        let mut tx = self.write().await?;
        if changed_by_key(&mut tx, key).await?.is_some() {
            return Ok(true);
        }
        let sql = "UPDATE appointments SET status = 'cancelled'
            WHERE business = $1 AND key = $2 AND status = 'confirmed'";
        let done =
            sqlx::query(sql).bind(business).bind(key).execute(&mut *tx).await.doing("withdraw an appointment")?;
        let sql = "INSERT INTO withdrawn_keys (key, created_us) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        let query = sqlx::query(sql).bind(key).bind(Timestamp::now().as_microsecond());
        query.execute(&mut *tx).await.doing("withdraw a key")?;
        tx.commit().await.doing("commit a withdrawal")?;
        Ok(done.rows_affected() > 0)
    }

    /// The appointment written under a key.
    pub async fn appointment_by_key(&self, key: &str) -> Result<Option<AppointmentRow>> {
        let mut connection = self.reader().acquire().await.doing("read an appointment")?;
        by_key(&mut connection, key).await
    }

    /// Moves or cancels an appointment, unless the change's key is there already.
    pub async fn change_appointment(&self, change: &Change<'_>) -> Result<Changed> {
        let mut tx = self.write().await?;
        if let Some(row) = changed_by_key(&mut tx, change.key).await? {
            return Ok(if row.id == change.id { Changed::Done(Box::new(row)) } else { Changed::Unknown });
        }
        if is_withdrawn(&mut tx, change.key).await? {
            return Ok(Changed::Withdrawn);
        }
        let Some(row) = by_id(&mut tx, change.business, change.id).await? else { return Ok(Changed::Unknown) };
        match (change.to, row.status == CANCELLED) {
            (Some(_), true) => return Ok(Changed::Cancelled),
            (None, true) => return Ok(Changed::Done(Box::new(row))),
            _ => {}
        }
        let Some(picked) = places(&mut tx, change, &row).await? else { return Ok(Changed::Overlaps) };
        let mut written = update(&mut tx, change, &picked).await;
        if let (Ok(()), Some(span)) = (&written, change.to) {
            written = take_up(&mut tx, change.business, change.id, span, change.needs, &picked, None).await;
        }
        match written {
            Err(e) if is_overlap(&e) => return Ok(Changed::Overlaps),
            other => other.doing("change an appointment")?,
        }
        let row = by_id(&mut tx, change.business, change.id).await?;
        tx.commit().await.doing("commit a change")?;
        Ok(row.map_or(Changed::Unknown, |row| Changed::Done(Box::new(row))))
    }

    /// The appointment changed under a key.
    pub async fn changed_appointment(&self, key: &str) -> Result<Option<AppointmentRow>> {
        let mut connection = self.reader().acquire().await.doing("read an appointment")?;
        changed_by_key(&mut connection, key).await
    }

    /// A business's appointment.
    pub async fn appointment(&self, business: &str, id: &str) -> Result<Option<AppointmentRow>> {
        let mut connection = self.reader().acquire().await.doing("read an appointment")?;
        by_id(&mut connection, business, id).await
    }

    /// Confirmed appointments of a number that start at or after `from`, in order of start.
    pub async fn appointments_of_phone(
        &self,
        business: &str,
        phone: &str,
        from: Timestamp,
    ) -> Result<Vec<AppointmentRow>> {
        let sql = "SELECT * FROM appointments WHERE business = $1 AND phone = $2 AND status = 'confirmed'
            AND starts_us >= $3 ORDER BY starts_us, id";
        let rows = sqlx::query(sql)
            .bind(business)
            .bind(phone)
            .bind(from.as_microsecond())
            .fetch_all(self.reader())
            .await
            .doing("list a number's appointments")?;
        rows.iter().map(AppointmentRow::read).collect::<Result<_, _>>().doing("read appointments")
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
}

async fn by_key(connection: &mut SqliteConnection, key: &str) -> Result<Option<AppointmentRow>> {
    let row = sqlx::query("SELECT * FROM appointments WHERE key = $1")
        .bind(key)
        .fetch_optional(connection)
        .await
        .doing("read an appointment")?;
    row.as_ref().map(AppointmentRow::read).transpose().doing("read an appointment")
}

async fn is_withdrawn(connection: &mut SqliteConnection, key: &str) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM withdrawn_keys WHERE key = $1").bind(key).fetch_optional(connection).await;
    Ok(row.doing("read a withdrawn key")?.is_some())
}

async fn by_id(connection: &mut SqliteConnection, business: &str, id: &str) -> Result<Option<AppointmentRow>> {
    let row = sqlx::query("SELECT * FROM appointments WHERE business = $1 AND id = $2")
        .bind(business)
        .bind(id)
        .fetch_optional(connection)
        .await
        .doing("read an appointment")?;
    row.as_ref().map(AppointmentRow::read).transpose().doing("read an appointment")
}

async fn changed_by_key(connection: &mut SqliteConnection, key: &str) -> Result<Option<AppointmentRow>> {
    let sql = "SELECT a.* FROM appointments AS a JOIN appointment_changes AS c ON c.appointment_id = a.id
        WHERE c.key = $1";
    let row = sqlx::query(sql).bind(key).fetch_optional(connection).await.doing("read a change")?;
    row.as_ref().map(AppointmentRow::read).transpose().doing("read a change")
}

/// Gives back what the appointment takes up, and picks what it takes up at its new time, the same if it can be; none
/// when that is not to be had.
async fn places(tx: &mut SqliteConnection, change: &Change<'_>, row: &AppointmentRow) -> Result<Option<Vec<String>>> {
    let before = taken_by(tx, change.id).await?;
    give_back(tx, change.id).await?;
    let Some(span) = change.to else { return Ok(Some(Vec::new())) };
    let mut needs = change.needs.clone();
    clear(tx, &needs).await?;
    if needs.one_of.is_empty() {
        needs.one_of = before.iter().map(|occupant| vec![occupant.clone()]).collect();
    }
    for one_of in &mut needs.one_of {
        one_of.sort_by_key(|occupant| !before.contains(occupant));
    }
    match is_full(tx, change.business, &row.service, change.id, &needs).await? {
        true => Ok(None),
        false => pick(tx, change.business, change.id, span, &needs).await,
    }
}

/// The appointment and the key of its change, within the caller's transaction.
async fn update(tx: &mut SqliteConnection, change: &Change<'_>, picked: &[String]) -> Result<(), sqlx::Error> {
    let query = match change.to {
        Some((starts_at, ends_at)) => {
            let sql = "UPDATE appointments SET starts_us = $2, ends_us = $3, resource = COALESCE($4, resource),
                staff = $5 WHERE id = $1";
            let query = sqlx::query(sql).bind(change.id).bind(starts_at.as_microsecond());
            query.bind(ends_at.as_microsecond()).bind(picked.first()).bind(staff_of(picked))
        }
        None => sqlx::query("UPDATE appointments SET status = 'cancelled' WHERE id = $1").bind(change.id),
    };
    query.execute(&mut *tx).await?;
    sqlx::query("INSERT INTO appointment_changes (key, appointment_id, created_us) VALUES ($1, $2, $3)")
        .bind(change.key)
        .bind(change.id)
        .bind(Timestamp::now().as_microsecond())
        .execute(tx)
        .await
        .map(drop)
}

async fn insert(
    tx: &mut SqliteConnection,
    id: &str,
    new: &NewAppointment,
    picked: &[String],
) -> Result<(), sqlx::Error> {
    let sql =
        "INSERT INTO appointments (id, key, business, resource, service, starts_us, ends_us, timezone, name, phone,
            reason, call_id, status, created_us, staff)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'confirmed', $13, $14)";
    sqlx::query(sql)
        .bind(id)
        .bind(&new.key)
        .bind(&new.business)
        .bind(picked.first().unwrap_or(&new.resource))
        .bind(&new.service)
        .bind(new.starts_at.as_microsecond())
        .bind(new.ends_at.as_microsecond())
        .bind(&new.timezone)
        .bind(&new.name)
        .bind(&new.phone)
        .bind(&new.reason)
        .bind(&new.call_id)
        .bind(Timestamp::now().as_microsecond())
        .bind(staff_of(picked))
        .execute(tx)
        .await
        .map(drop)
}

/// The person among what was picked.
fn staff_of(picked: &[String]) -> Option<&str> {
    picked.iter().find_map(|occupant| occupant.strip_prefix(STAFF))
}

/// The triggers of `0001_ledger.sql` speak through the error's text: SQLite has no number for it.
pub(super) fn is_overlap(error: &sqlx::Error) -> bool {
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

const CANCELLED: &str = "cancelled";
/// How occupants that are people begin.
const STAFF: &str = "staff:";
