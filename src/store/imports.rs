//! What other platforms told us, and what came of it.

use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::error::{Doing, Result, StoreError};
use super::open::Store;
use crate::events::{Artefact, Line, Report, Told, What};

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewArrival {
    /// Whose.
    pub source: String,
    /// The event's key: what has one that is known is the same event again.
    pub key: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Its headers as a JSON object, without secrets.
    pub headers: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// One that nothing was made of yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Row number.
    pub id: i64,
    /// Whose.
    pub source: String,
    /// The event's key.
    pub key: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// Another platform's call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Whose.
    pub source: String,
    /// The platform's id of it.
    pub call: String,
    /// What was told of it.
    pub told: Told,
    /// When anything was last told.
    pub updated_at: Timestamp,
    /// How much is still to be fetched.
    pub waiting: u64,
}

/// Something to be fetched now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueArtefact {
    /// Whose.
    pub source: String,
    /// Its event key.
    pub key: String,
    /// The platform's id of the call.
    pub call: String,
    /// What and how.
    pub artefact: Artefact,
    /// Tries that failed.
    pub attempts: u32,
}

/// What came of a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// These words.
    Words(Vec<Line>),
    /// It is not needed any more.
    Skipped,
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
}

impl Store {
    /// Keeps requests as they came, in one transaction, synced on return; per request, whether it is new.
    pub async fn keep_arrivals(&self, arrivals: &[NewArrival]) -> Result<Vec<bool>> {
        let doing = "keep what arrived";
        let sql =
            "INSERT INTO arrivals (source, key, received_us, headers, body, state) VALUES ($1, $2, $3, $4, $5, 'new')
            ON CONFLICT (source, key) DO UPDATE SET repeats = repeats + 1 RETURNING repeats";
        let mut tx = self.write().await?;
        let mut fresh = Vec::with_capacity(arrivals.len());
        for one in arrivals {
            let query = sqlx::query_scalar(sql).bind(&one.source).bind(&one.key);
            let query = query.bind(one.received_at.as_microsecond()).bind(&one.headers).bind(&one.body);
            let repeats: i64 = query.fetch_one(&mut *tx).await.doing(doing)?;
            fresh.push(repeats == 0);
        }
        tx.commit().await.doing(doing)?;
        Ok(fresh)
    }

    /// The oldest requests nothing was made of yet.
    pub async fn new_arrivals(&self, limit: u32) -> Result<Vec<Arrival>> {
        let sql = "SELECT id, source, key, body FROM arrivals WHERE state = 'new' ORDER BY id LIMIT $1";
        let rows = sqlx::query(sql).bind(i64::from(limit)).fetch_all(self.reader()).await;
        let read = |row: &SqliteRow| {
            let (id, source) = (row.try_get("id")?, row.try_get("source")?);
            Ok(Arrival { id, source, key: row.try_get("key")?, body: row.try_get("body")? })
        };
        rows.and_then(|rows| rows.iter().map(read).collect()).doing("list what arrived")
    }

    /// How many requests were kept, and how many of them came again.
    pub async fn arrivals_kept(&self, source: &str) -> Result<(u64, u64)> {
        let sql = "SELECT COUNT(*), COALESCE(SUM(repeats), 0) FROM arrivals WHERE source = $1";
        let row: (i64, i64) =
            sqlx::query_as(sql).bind(source).fetch_one(self.reader()).await.doing("count arrivals")?;
        Ok((row.0.unsigned_abs(), row.1.unsigned_abs()))
    }

    /// Joins what a request said to its call, and enqueues what has to be fetched (sound not before `audio_after`), all
    /// in one transaction.
    pub async fn merge_arrival(
        &self,
        arrival: &Arrival,
        read: &std::result::Result<Option<Report>, String>,
        audio_after: SignedDuration,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.write().await?;
        let (state, reason) = match read {
            Ok(Some(report)) => {
                join(&mut tx, &arrival.source, &report.call, &report.told, now).await?;
                enqueue(&mut tx, &arrival.source, report, audio_after, now).await?;
                ("merged", None)
            }
            Ok(None) => ("ignored", None),
            Err(reason) => ("unreadable", Some(reason)),
        };
        let query = sqlx::query("UPDATE arrivals SET state = $2, reason = $3 WHERE id = $1");
        let query = query.bind(arrival.id).bind(state).bind(reason);
        query.execute(&mut *tx).await.doing("mark what arrived")?;
        tx.commit().await.doing("commit what arrived")
    }

    /// What is to be fetched now, the oldest first; and when something is next.
    pub async fn due_artefact(&self, now: Timestamp) -> Result<(Option<DueArtefact>, Option<Timestamp>)> {
        let sql = "SELECT * FROM artefacts WHERE state = 'waiting' ORDER BY run_at_us LIMIT 1";
        let row = sqlx::query(sql).fetch_optional(self.reader()).await.doing("look for what to fetch")?;
        let Some(row) = row else { return Ok((None, None)) };
        let due: i64 = row.try_get("run_at_us").doing("read what to fetch")?;
        let due = Timestamp::from_microsecond(due).unwrap_or(now);
        if due > now {
            return Ok((None, Some(due)));
        }
        Ok((Some(artefact(&row)?), Some(due)))
    }

    /// Notes what came of a fetch; the words are joined to the call in the same transaction.
    pub async fn settle_artefact(&self, due: &DueArtefact, fetched: &Fetched, now: Timestamp) -> Result<()> {
        let mut tx = self.write().await?;
        let (state, failures, reason, at) = match fetched {
            Fetched::Words(_) => ("fetched", 0, None, None),
            Fetched::Skipped => ("skipped", 0, None, None),
            Fetched::Again { reason, at } => ("waiting", 1, Some(reason), Some(at.as_microsecond())),
            Fetched::Never { reason } => ("failed", 1, Some(reason), None),
        };
        let sql = "UPDATE artefacts SET state = $3, attempts = attempts + $4, reason = $5,
            run_at_us = COALESCE($6, run_at_us) WHERE source = $1 AND key = $2";
        let query = sqlx::query(sql).bind(&due.source).bind(&due.key).bind(state).bind(failures).bind(reason).bind(at);
        query.execute(&mut *tx).await.doing("settle a fetch")?;
        if let Fetched::Words(lines) = fetched {
            let transcripts = [(due.key.clone(), lines.clone())].into();
            let told = Told { transcripts, ..Told::default() };
            join(&mut tx, &due.source, &due.call, &told, now).await?;
        }
        tx.commit().await.doing("commit a fetch")
    }

    /// Another platform's call; none when it was never told of.
    pub async fn import(&self, source: &str, call: &str) -> Result<Option<Import>> {
        let sql = "SELECT i.*, (SELECT COUNT(*) FROM artefacts AS a WHERE a.source = i.source AND a.call = i.call
                AND a.state = 'waiting') AS waiting
            FROM imports AS i WHERE i.source = $1 AND i.call = $2";
        let row = sqlx::query(sql).bind(source).bind(call).fetch_optional(self.reader()).await;
        row.doing("read an import")?.as_ref().map(import).transpose()
    }

    /// Calls that were not closed yet, the longest quiet first.
    pub async fn open_imports(&self, limit: u32) -> Result<Vec<Import>> {
        let sql = "SELECT i.*, (SELECT COUNT(*) FROM artefacts AS a WHERE a.source = i.source AND a.call = i.call
                AND a.state = 'waiting') AS waiting
            FROM imports AS i WHERE i.state = 'open' ORDER BY i.updated_us LIMIT $1";
        let rows = sqlx::query(sql).bind(i64::from(limit)).fetch_all(self.reader()).await.doing("list imports")?;
        rows.iter().map(import).collect()
    }

    /// Its call's record was handed over.
    pub async fn close_import(&self, source: &str, call: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let query = sqlx::query("UPDATE imports SET state = 'closed' WHERE source = $1 AND call = $2");
        query.bind(source).bind(call).execute(&mut *tx).await.doing("close an import")?;
        tx.commit().await.doing("commit an import")
    }
}

async fn join(tx: &mut SqliteConnection, source: &str, call: &str, told: &Told, now: Timestamp) -> Result<()> {
    let doing = "join what was told";
    let query = sqlx::query_scalar("SELECT told FROM imports WHERE source = $1 AND call = $2").bind(source).bind(call);
    let known: Option<String> = query.fetch_optional(&mut *tx).await.doing(doing)?;
    let known = known.map(|json| parse(call, &json)).transpose()?.unwrap_or_default();
    let whole = serde_json::to_string(&known.join(told.clone())).map_err(|error| corrupt(call, &error))?;
    let sql = "INSERT INTO imports (source, call, told, state, updated_us) VALUES ($1, $2, $3, 'open', $4)
        ON CONFLICT (source, call) DO UPDATE SET told = excluded.told, updated_us = excluded.updated_us";
    let query = sqlx::query(sql).bind(source).bind(call).bind(whole).bind(now.as_microsecond());
    query.execute(tx).await.doing(doing).map(drop)
}

async fn enqueue(
    tx: &mut SqliteConnection,
    source: &str,
    report: &Report,
    audio_after: SignedDuration,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO artefacts (source, key, call, request, state, run_at_us)
        VALUES ($1, $2, $3, $4, 'waiting', $5) ON CONFLICT (source, key) DO NOTHING";
    for (key, artefact) in &report.told.artefacts {
        let wait = if artefact.what == What::Audio { audio_after } else { SignedDuration::ZERO };
        let due = now.checked_add(wait).unwrap_or(now);
        let request = serde_json::to_string(artefact).map_err(|error| corrupt(&report.call, &error))?;
        let query = sqlx::query(sql).bind(source).bind(key).bind(&report.call).bind(request);
        query.bind(due.as_microsecond()).execute(&mut *tx).await.doing("enqueue a fetch")?;
    }
    Ok(())
}

fn artefact(row: &SqliteRow) -> Result<DueArtefact> {
    let doing = "read what to fetch";
    let (source, key): (String, String) = (|| Ok((row.try_get("source")?, row.try_get("key")?)))().doing(doing)?;
    let json: String = row.try_get("request").doing(doing)?;
    let artefact = serde_json::from_str(&json).map_err(|error| corrupt(&key, &error))?;
    let attempts: i64 = row.try_get("attempts").doing(doing)?;
    let call = row.try_get("call").doing(doing)?;
    Ok(DueArtefact { source, key, call, artefact, attempts: u32::try_from(attempts).unwrap_or(u32::MAX) })
}

fn import(row: &SqliteRow) -> Result<Import> {
    let doing = "read an import";
    let (call, json): (String, String) = (|| Ok((row.try_get("call")?, row.try_get("told")?)))().doing(doing)?;
    let (updated, waiting): (i64, i64) =
        (|| Ok((row.try_get("updated_us")?, row.try_get("waiting")?)))().doing(doing)?;
    Ok(Import {
        source: row.try_get("source").doing(doing)?,
        told: parse(&call, &json)?,
        call,
        updated_at: Timestamp::from_microsecond(updated).unwrap_or_default(),
        waiting: waiting.unsigned_abs(),
    })
}

fn parse(call: &str, json: &str) -> Result<Told> {
    serde_json::from_str(json).map_err(|error| corrupt(call, &error))
}

fn corrupt(id: &str, reason: &serde_json::Error) -> StoreError {
    StoreError::Corrupt { what: "import", id: id.to_owned(), reason: reason.to_string() }
}
