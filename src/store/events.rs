//! Events, and who was told of them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use utoipa::ToSchema;

use super::error::{Doing, Result};
use super::open::Store;
use crate::events::{Event, Kind};

/// Whether an endpoint is told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointState {
    /// It is.
    Enabled,
    /// It said that it is gone, or failed for too long: until somebody enables it again nothing is sent.
    Disabled,
    /// The configuration names it no more.
    Removed,
}

/// An endpoint and its health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndpointRow {
    /// Its name in the configuration.
    pub name: String,
    /// Whether it is told anything.
    pub state: EndpointState,
    /// What it is told of.
    pub kinds: Vec<String>,
    /// Nothing was taken since.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    /// It last took something.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_success_at: Option<Timestamp>,
    /// It was disabled.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub disabled_at: Option<Timestamp>,
    /// What went wrong last.
    pub reason: Option<String>,
    /// Events that wait for it.
    pub waiting: u64,
    /// Events it never took.
    pub failed: u64,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent, again if it was before.
    Waiting,
    /// Taken.
    Delivered,
    /// Given up; a replay sends it again.
    Failed,
}

/// One event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeliveryRow {
    /// Row number.
    pub id: i64,
    /// Who is told.
    pub endpoint: String,
    /// The event's id, the same for every try.
    pub event_id: String,
    /// What kind of event.
    #[serde(rename = "type")]
    pub kind: String,
    /// The call it belongs to.
    pub call_id: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub happened_at: Timestamp,
    /// Where it stands.
    pub state: DeliveryState,
    /// Tries that failed.
    pub attempts: u32,
    /// Why the last one did.
    pub reason: Option<String>,
    /// Not sent before.
    #[schema(value_type = String, format = DateTime)]
    pub run_at: Timestamp,
}

/// What is to be sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The delivery.
    pub id: i64,
    /// Tries that failed before.
    pub attempts: u32,
    /// The event's id.
    pub event_id: String,
    /// What is signed and sent.
    pub body: String,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Taken.
    Taken,
    /// Not now; again at that time.
    Again {
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Given up.
    Never {
        /// Why.
        reason: String,
    },
    /// The endpoint wants nothing any more; the event is kept for it.
    Gone {
        /// Its words.
        reason: String,
    },
}

impl Store {
    /// Takes over who is to be told of what; an endpoint that is not named is told nothing more.
    pub async fn set_endpoints(&self, endpoints: &[(String, Vec<Kind>)]) -> Result<()> {
        let doing = "take over the webhooks";
        let mut tx = self.write().await?;
        sqlx::query("UPDATE event_endpoints SET state = 'removed'").execute(&mut *tx).await.doing(doing)?;
        let sql = "INSERT INTO event_endpoints (name, kinds, state) VALUES ($1, $2, 'enabled')
            ON CONFLICT (name) DO UPDATE SET kinds = excluded.kinds,
                state = CASE WHEN event_endpoints.disabled_us IS NULL THEN 'enabled' ELSE 'disabled' END";
        for (name, kinds) in endpoints {
            let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            let query = sqlx::query(sql).bind(name).bind(format!(" {} ", words.join(" ")));
            query.execute(&mut *tx).await.doing(doing)?;
        }
        tx.commit().await.doing(doing)
    }

    /// Writes events that are no part of another write; those already written stay as they are.
    pub async fn record_events(&self, events: &[Event]) -> Result<()> {
        let mut tx = self.write().await?;
        for event in events {
            insert_event(&mut tx, event).await?;
        }
        tx.commit().await.doing("commit events")
    }

    /// Endpoints in use, or disabled; by name.
    pub async fn endpoints(&self) -> Result<Vec<EndpointRow>> {
        let sql = "SELECT e.*,
                (SELECT COUNT(*) FROM event_deliveries WHERE endpoint = e.name AND state = 'waiting') AS waiting,
                (SELECT COUNT(*) FROM event_deliveries WHERE endpoint = e.name AND state = 'failed') AS failed
            FROM event_endpoints AS e WHERE e.state <> 'removed' ORDER BY e.name";
        let rows = sqlx::query(sql).fetch_all(self.reader()).await.doing("list webhooks")?;
        rows.iter().map(endpoint).collect::<std::result::Result<_, _>>().doing("read a webhook")
    }

    /// Deliveries, newest first, of all endpoints or one, in all states or one.
    pub async fn deliveries(
        &self,
        endpoint: Option<&str>,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>> {
        let sql = "SELECT d.*, e.id AS event_id, e.kind, e.at_us FROM event_deliveries AS d
            JOIN events AS e ON e.seq = d.event_seq
            WHERE ($1 IS NULL OR d.endpoint = $1) AND ($2 IS NULL OR d.state = $2)
            ORDER BY d.event_seq DESC, d.id LIMIT $3";
        let query = sqlx::query(sql).bind(endpoint).bind(state.map(delivery_word)).bind(i64::from(limit));
        let rows = query.fetch_all(self.reader()).await.doing("list deliveries")?;
        rows.iter().map(delivery).collect::<std::result::Result<_, _>>().doing("read a delivery")
    }

    /// What an enabled endpoint is to be sent now, the oldest first, of each call only the next.
    pub async fn due_events(&self, endpoint: &str, now: Timestamp, limit: usize) -> Result<Vec<Due>> {
        let sql = "SELECT id, attempts, event_id, body FROM event_deliveries_next
            WHERE endpoint = $1 AND run_at_us <= $2 ORDER BY event_seq LIMIT $3";
        let query = sqlx::query(sql).bind(endpoint).bind(now.as_microsecond());
        let rows = query.bind(i64::try_from(limit).unwrap_or(i64::MAX)).fetch_all(self.reader()).await;
        let read = |row: &SqliteRow| {
            let attempts = u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX);
            Ok(Due { id: row.try_get("id")?, attempts, event_id: row.try_get("event_id")?, body: row.try_get("body")? })
        };
        rows.and_then(|rows| rows.iter().map(read).collect()).doing("look for events to send")
    }

    /// When the next event is due for an endpoint; none when it is disabled or nothing waits.
    pub async fn next_event_due(&self, endpoint: &str) -> Result<Option<Timestamp>> {
        let sql = "SELECT MIN(run_at_us) FROM event_deliveries_next WHERE endpoint = $1";
        let us: Option<i64> =
            sqlx::query_scalar(sql).bind(endpoint).fetch_one(self.reader()).await.doing("look for events to send")?;
        Ok(us.and_then(|us| Timestamp::from_microsecond(us).ok()))
    }

    /// Notes what came of several tries, and with it the endpoint's health; disables one that failed for longer than
    /// `patience`. True while the endpoint is enabled.
    pub async fn settle_events(
        &self,
        endpoint: &str,
        tries: &[(i64, Told)],
        patience: SignedDuration,
        now: Timestamp,
    ) -> Result<bool> {
        let doing = "note what came of a delivery";
        let mut tx = self.write().await?;
        for (id, told) in tries {
            settle(&mut tx, endpoint, *id, told, now).await?;
        }
        let sql = "UPDATE event_endpoints SET state = 'disabled', disabled_us = $2,
                reason = 'failed for too long; the last answer: ' || COALESCE(reason, 'none')
            WHERE name = $1 AND state = 'enabled' AND failing_since_us < $3";
        let since = now.saturating_sub(patience).unwrap_or(Timestamp::MIN);
        let query = sqlx::query(sql).bind(endpoint).bind(now.as_microsecond()).bind(since.as_microsecond());
        query.execute(&mut *tx).await.doing(doing)?;
        let sql = "SELECT state = 'enabled' FROM event_endpoints WHERE name = $1";
        let enabled: Option<bool> =
            sqlx::query_scalar(sql).bind(endpoint).fetch_optional(&mut *tx).await.doing(doing)?;
        tx.commit().await.doing(doing)?;
        Ok(enabled.unwrap_or(false))
    }

    /// Enables an endpoint again and sends it what happened since it was disabled; false when it was not.
    pub async fn enable_endpoint(&self, name: &str, now: Timestamp) -> Result<bool> {
        let doing = "enable a webhook";
        let mut tx = self.write().await?;
        let sql = "SELECT disabled_us FROM event_endpoints WHERE name = $1 AND state = 'disabled'";
        let since: Option<Option<i64>> =
            sqlx::query_scalar(sql).bind(name).fetch_optional(&mut *tx).await.doing(doing)?;
        let Some(since) = since else { return Ok(false) };
        let sql = "UPDATE event_endpoints SET state = 'enabled', disabled_us = NULL, failing_since_us = NULL,
            reason = NULL WHERE name = $1";
        sqlx::query(sql).bind(name).execute(&mut *tx).await.doing(doing)?;
        let sql = "UPDATE event_deliveries SET run_at_us = $2, attempts = 0 WHERE endpoint = $1 AND state = 'waiting'";
        sqlx::query(sql).bind(name).bind(now.as_microsecond()).execute(&mut *tx).await.doing(doing)?;
        let since = since.and_then(|us| Timestamp::from_microsecond(us).ok()).unwrap_or(now);
        enqueue(&mut tx, since, now, Some(name), false, now).await?;
        tx.commit().await.doing(doing)?;
        Ok(true)
    }

    /// Sends again what happened from `since` until before `until`, to one endpoint or all that are not disabled;
    /// how many deliveries that are.
    pub async fn replay_events(
        &self,
        since: Timestamp,
        until: Timestamp,
        endpoint: Option<&str>,
        now: Timestamp,
    ) -> Result<u64> {
        let mut tx = self.write().await?;
        let count = enqueue(&mut tx, since, until, endpoint, true, now).await?;
        tx.commit().await.doing("commit a replay")?;
        Ok(count)
    }

    /// Forgets events that happened before `before` and that nobody waits for.
    pub async fn forget_events(&self, before: Timestamp) -> Result<u64> {
        let sql = "DELETE FROM events WHERE at_us < $1 AND NOT EXISTS (
            SELECT 1 FROM event_deliveries AS d WHERE d.event_seq = events.seq AND d.state = 'waiting')";
        let mut tx = self.write().await?;
        let done = sqlx::query(sql).bind(before.as_microsecond()).execute(&mut *tx).await.doing("forget old events")?;
        tx.commit().await.doing("commit forgetting")?;
        Ok(done.rows_affected())
    }
}

/// Writes an event once, with a delivery to every endpoint that is told of its kind.
pub(super) async fn insert_event(tx: &mut SqliteConnection, event: &Event) -> Result<()> {
    let doing = "write an event";
    let sql = "INSERT INTO events (id, kind, business, call_id, at_us, body) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO NOTHING RETURNING seq";
    let query = sqlx::query_scalar(sql).bind(&event.id).bind(event.kind.as_str()).bind(&event.business);
    let query = query.bind(&event.call_id).bind(event.at.as_microsecond()).bind(event.body());
    let Some(seq): Option<i64> = query.fetch_optional(&mut *tx).await.doing(doing)? else { return Ok(()) };
    let sql = "INSERT INTO event_deliveries (endpoint, event_seq, call_id, state, run_at_us, updated_us)
        SELECT name, $1, $2, 'waiting', $3, $3 FROM event_endpoints
        WHERE state = 'enabled' AND instr(kinds, ' ' || $4 || ' ') > 0";
    let query = sqlx::query(sql).bind(seq).bind(&event.call_id).bind(Timestamp::now().as_microsecond());
    query.bind(event.kind.as_str()).execute(tx).await.doing(doing).map(drop)
}

/// Makes deliveries of a range of events; those there are become new ones when `again`, else stay as they are.
async fn enqueue(
    tx: &mut SqliteConnection,
    since: Timestamp,
    until: Timestamp,
    endpoint: Option<&str>,
    again: bool,
    now: Timestamp,
) -> Result<u64> {
    let sql = "INSERT INTO event_deliveries (endpoint, event_seq, call_id, state, run_at_us, updated_us)
        SELECT p.name, e.seq, e.call_id, 'waiting', $4, $4 FROM events AS e JOIN event_endpoints AS p
            ON p.state = 'enabled' AND ($3 IS NULL OR p.name = $3) AND instr(p.kinds, ' ' || e.kind || ' ') > 0
        WHERE e.at_us >= $1 AND e.at_us < $2
        ON CONFLICT (endpoint, event_seq) DO UPDATE SET state = 'waiting', attempts = 0, run_at_us = $4, updated_us = $4
        WHERE $5";
    let query = sqlx::query(sql).bind(since.as_microsecond()).bind(until.as_microsecond()).bind(endpoint);
    let query = query.bind(now.as_microsecond()).bind(again);
    Ok(query.execute(tx).await.doing("enqueue events")?.rows_affected())
}

async fn settle(tx: &mut SqliteConnection, endpoint: &str, id: i64, told: &Told, now: Timestamp) -> Result<()> {
    let now = now.as_microsecond();
    let sql = "UPDATE event_deliveries SET state = $2, attempts = attempts + $3, reason = $4,
        run_at_us = COALESCE($5, run_at_us), updated_us = $6 WHERE id = $1";
    let (state, failures, reason, at) = match told {
        Told::Taken => ("delivered", 0, None, None),
        Told::Again { reason, at } => ("waiting", 1, Some(reason), Some(at.as_microsecond())),
        Told::Never { reason } => ("failed", 1, Some(reason), None),
        Told::Gone { reason } => ("waiting", 1, Some(reason), None),
    };
    let query = sqlx::query(sql).bind(id).bind(state).bind(failures).bind(reason).bind(at).bind(now);
    query.execute(&mut *tx).await.doing("settle a delivery")?;
    let sql = match told {
        Told::Taken => {
            "UPDATE event_endpoints SET failing_since_us = NULL, last_success_us = $2, reason = $3
            WHERE name = $1 AND state = 'enabled'"
        }
        Told::Again { .. } | Told::Never { .. } => {
            "UPDATE event_endpoints SET
            failing_since_us = COALESCE(failing_since_us, $2), reason = $3 WHERE name = $1 AND state = 'enabled'"
        }
        Told::Gone { .. } => {
            "UPDATE event_endpoints SET state = 'disabled', disabled_us = $2, reason = $3
            WHERE name = $1 AND state = 'enabled'"
        }
    };
    let query = sqlx::query(sql).bind(endpoint).bind(now).bind(reason);
    query.execute(tx).await.doing("note a webhook's health").map(drop)
}

fn endpoint(row: &SqliteRow) -> std::result::Result<EndpointRow, sqlx::Error> {
    let kinds: String = row.try_get("kinds")?;
    let count = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
    Ok(EndpointRow {
        name: row.try_get("name")?,
        state: match row.try_get("state")? {
            "enabled" => EndpointState::Enabled,
            "disabled" => EndpointState::Disabled,
            _ => EndpointState::Removed,
        },
        kinds: kinds.split_whitespace().map(str::to_owned).collect(),
        failing_since: instant(row, "failing_since_us")?,
        last_success_at: instant(row, "last_success_us")?,
        disabled_at: instant(row, "disabled_us")?,
        reason: row.try_get("reason")?,
        waiting: count("waiting")?,
        failed: count("failed")?,
    })
}

fn delivery(row: &SqliteRow) -> std::result::Result<DeliveryRow, sqlx::Error> {
    Ok(DeliveryRow {
        id: row.try_get("id")?,
        endpoint: row.try_get("endpoint")?,
        event_id: row.try_get("event_id")?,
        kind: row.try_get("kind")?,
        call_id: row.try_get("call_id")?,
        happened_at: instant(row, "at_us")?.unwrap_or_default(),
        state: match row.try_get("state")? {
            "delivered" => DeliveryState::Delivered,
            "failed" => DeliveryState::Failed,
            _ => DeliveryState::Waiting,
        },
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        reason: row.try_get("reason")?,
        run_at: instant(row, "run_at_us")?.unwrap_or_default(),
    })
}

fn instant(row: &SqliteRow, column: &str) -> std::result::Result<Option<Timestamp>, sqlx::Error> {
    let us: Option<i64> = row.try_get(column)?;
    Ok(us.and_then(|us| Timestamp::from_microsecond(us).ok()))
}

fn delivery_word(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => "waiting",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Failed => "failed",
    }
}
