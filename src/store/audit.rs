//! The audit: one row per step of an effect, never changed, each with the hash of the one before.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};
use utoipa::ToSchema;

use super::enqueue::{chunks, places};
use super::error::{Doing, Result, StoreError};
use super::job_state::JobState;
use super::jobs::NewJob;
use super::open::Store;
use super::rows::{JobRow, time};

/// A step of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// Read out of a conversation.
    Propose,
    /// Held against the policy.
    Validate,
    /// Somebody, or the policy, said yes or no.
    Approve,
    /// Sent to the CRM.
    Write,
    /// Read back.
    Verify,
    /// Taken back.
    Rollback,
}

/// A row to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAudit {
    /// The call or meeting.
    pub correlation_id: String,
    /// Idempotency key.
    pub key: String,
    /// The step.
    pub action: AuditAction,
    /// "contact", "activity", ...
    pub object_type: String,
    /// The CRM's id, once there is one.
    pub object_id: Option<String>,
    /// Everything else.
    pub entry: AuditEntry,
}

/// What a step was about; what is not known is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct AuditEntry {
    /// Values before and after, by field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, FieldChange>,
    /// Where the conversation came from ("phone", "zoom", ...).
    pub source_system: String,
    /// The source's own key of it.
    pub source_event_key: String,
    /// SHA-256 of what was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript_hash: Option<String>,
    /// Which rules, or which model, read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extractor: Option<String>,
    /// Which CRM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crm_system: Option<String>,
    /// 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The words it stands on.
    #[schema(value_type = Vec<Object>)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Value>,
    /// "passed", or why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_status: Option<String>,
    /// "auto", "awaiting", "approved", "rejected"; "superseded" by a later row of the same record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_status: Option<String>,
    /// Version of the policy it was held against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<String>,
    /// Who: "offhook", or a person's name.
    pub actor: String,
    /// The run of the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    /// SHA-256 of what was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_fingerprint: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A field before and after.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldChange {
    /// As it was; null when there was nothing.
    #[schema(value_type = Object)]
    pub old: Value,
    /// As it was to be.
    #[schema(value_type = Object)]
    pub new: Value,
}

/// A row as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AuditRow {
    /// Row number, without gaps.
    pub seq: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The call or meeting.
    pub correlation_id: String,
    /// Idempotency key.
    pub key: String,
    /// The step.
    pub action: AuditAction,
    /// "contact", "activity", ...
    pub object_type: String,
    /// The CRM's id.
    pub object_id: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// SHA-256 over the row before and this one.
    pub hash: String,
}

/// Which rows are looked for; what is none does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditSearch {
    /// Of this call or meeting.
    pub correlation_id: Option<String>,
    /// Of this record of the CRM.
    pub object_id: Option<String>,
    /// Of this step.
    pub action: Option<AuditAction>,
    /// About this field.
    pub field: Option<String>,
    /// With a number above this one.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// The audit, held against itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditCheck {
    /// Rows read.
    pub rows: u64,
    /// The first row that is not what it was, or is missing.
    pub broken_at: Option<i64>,
}

impl Store {
    /// Adds rows.
    pub async fn add_audit(&self, rows: &[NewAudit], now: Timestamp) -> Result<()> {
        let mut tx = self.write().await?;
        insert_audits(&mut tx, rows, now).await?;
        tx.commit().await.doing("commit the audit")
    }

    /// Rows that fit, oldest first.
    pub async fn audit(&self, search: &AuditSearch) -> Result<Vec<AuditRow>> {
        let sql = "SELECT * FROM audit WHERE seq > $1 AND ($2 IS NULL OR correlation_id = $2)
                AND ($3 IS NULL OR object_id = $3) AND ($4 IS NULL OR action = $4)
                AND ($5 IS NULL OR EXISTS (SELECT 1 FROM json_each(entry, '$.fields') AS f WHERE f.key = $5))
            ORDER BY seq LIMIT $6";
        let query = sqlx::query(sql).bind(search.after).bind(&search.correlation_id).bind(&search.object_id);
        let query = query.bind(search.action.map(word)).bind(&search.field).bind(i64::from(search.limit));
        query.fetch_all(self.reader()).await.doing("search the audit")?.iter().map(read).collect()
    }

    /// Reads every row and follows the chain. A changed, missing or inserted row breaks it.
    pub async fn verify_audit(&self) -> Result<AuditCheck> {
        let (mut check, mut previous, mut after) = (AuditCheck { rows: 0, broken_at: None }, String::new(), 0);
        loop {
            let sql = "SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";
            let rows =
                sqlx::query(sql).bind(after).bind(PAGE).fetch_all(self.reader()).await.doing("read the audit")?;
            for row in &rows {
                let raw = Raw::read(row).doing("read the audit")?;
                if raw.seq != after + 1 || raw.hash != raw.hashed(&previous) {
                    check.broken_at = Some(after + 1);
                    return Ok(check);
                }
                (after, previous, check.rows) = (raw.seq, raw.hash, check.rows + 1);
            }
            if rows.is_empty() {
                return Ok(check);
            }
        }
    }
}

impl NewAudit {
    /// A step of a row.
    pub fn of(job: &JobRow, action: AuditAction, object_id: Option<&str>) -> NewAudit {
        NewAudit {
            correlation_id: job.call_id.clone(),
            key: job.key.clone(),
            action,
            object_type: job.kind.clone(),
            object_id: object_id.map(str::to_owned),
            entry: AuditEntry { actor: OFFHOOK.to_owned(), ..entry(&job.basis) },
        }
    }

    /// A delivery that did not work.
    pub(super) fn failed(job: &JobRow, reason: &str) -> NewAudit {
        let mut row = NewAudit::of(job, AuditAction::Write, None);
        row.entry.error = Some(reason.to_owned());
        row.entry.fields = proposed_fields(&job.payload);
        row
    }

    /// The first three steps of a new row: proposed, held against the policy, allowed or not.
    pub(super) fn proposed(job: &NewJob) -> [NewAudit; 3] {
        let row = |action, change: &dyn Fn(&mut AuditEntry)| {
            let mut entry = AuditEntry { actor: OFFHOOK.to_owned(), ..entry(&job.basis) };
            change(&mut entry);
            NewAudit {
                correlation_id: job.call_id.clone(),
                key: job.key.clone(),
                action,
                object_type: job.kind.clone(),
                object_id: None,
                entry,
            }
        };
        let refused = job.state == JobState::Parked || job.state == JobState::Rejected;
        let validation = job.reason.clone().filter(|_| refused).unwrap_or_else(|| "passed".to_owned());
        let approval = match job.state {
            JobState::AwaitingApproval => "awaiting",
            JobState::Parked | JobState::Rejected => "refused",
            _ => "auto",
        };
        [
            row(AuditAction::Propose, &|entry| entry.fields = proposed_fields(&job.payload)),
            row(AuditAction::Validate, &|entry| entry.validation_status = Some(validation.clone())),
            row(AuditAction::Approve, &|entry| entry.approval_status = Some(approval.to_owned())),
        ]
    }
}

fn entry(basis: &Value) -> AuditEntry {
    let text = |name: &str| basis.get(name).and_then(Value::as_str).map(str::to_owned);
    AuditEntry {
        source_system: text("source").unwrap_or_else(|| "phone".to_owned()),
        source_event_key: text("event_key").unwrap_or_default(),
        transcript_hash: text("transcript_hash"),
        extractor: text("extractor"),
        confidence: basis.get("confidence").and_then(Value::as_f64),
        citations: basis.get("citations").and_then(Value::as_array).cloned().unwrap_or_default(),
        policy_version: text("policy"),
        ..AuditEntry::default()
    }
}

fn proposed_fields(payload: &Value) -> BTreeMap<String, FieldChange> {
    let fields = payload.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    fields.map(|(field, new)| (field.clone(), FieldChange { old: Value::Null, new: new.clone() })).collect()
}

/// Adds a row to the end of the chain.
pub(super) async fn insert_audit(tx: &mut SqliteConnection, new: &NewAudit, now: Timestamp) -> Result<()> {
    insert_audits(tx, std::slice::from_ref(new), now).await
}

/// Adds rows to the end of the chain; the write lock is held, so the last row is the last row.
pub(super) async fn insert_audits(tx: &mut SqliteConnection, new: &[NewAudit], now: Timestamp) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let last = sqlx::query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetch_optional(&mut *tx).await;
    let last = last.doing("read the end of the audit")?;
    let mut end: (i64, String) = match last {
        Some(row) => (|| Ok((row.try_get("seq")?, row.try_get("hash")?)))().doing("read the end of the audit")?,
        None => (0, String::new()),
    };
    let mut rows = Vec::with_capacity(new.len());
    for new in new {
        let mut raw = Raw::new(new, end.0 + 1, now)?;
        raw.hash = raw.hashed(&end.1);
        end = (raw.seq, raw.hash.clone());
        rows.push(raw);
    }
    for chunk in chunks(&rows) {
        let sql = format!(
            "INSERT INTO audit (seq, at_us, correlation_id, key, action, object_type, object_id, entry, hash) VALUES {}",
            places(chunk.len(), 9)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for raw in chunk {
            query = query.bind(raw.seq).bind(raw.at_us).bind(&raw.correlation_id).bind(&raw.key).bind(&raw.action);
            query = query.bind(&raw.object_type).bind(&raw.object_id).bind(&raw.entry).bind(&raw.hash);
        }
        query.execute(&mut *tx).await.doing("add to the audit")?;
    }
    Ok(())
}

/// A row's columns as they are, which is what is hashed.
struct Raw {
    seq: i64,
    at_us: i64,
    correlation_id: String,
    key: String,
    action: String,
    object_type: String,
    object_id: Option<String>,
    entry: String,
    hash: String,
}

impl Raw {
    fn new(new: &NewAudit, seq: i64, now: Timestamp) -> Result<Raw> {
        let entry = serde_json::to_string(&new.entry).map_err(|e| StoreError::Corrupt {
            what: "audit row",
            id: new.key.clone(),
            reason: e.to_string(),
        })?;
        Ok(Raw {
            seq,
            at_us: now.as_microsecond(),
            correlation_id: new.correlation_id.clone(),
            key: new.key.clone(),
            action: word(new.action).to_owned(),
            object_type: new.object_type.clone(),
            object_id: new.object_id.clone(),
            entry,
            hash: String::new(),
        })
    }

    fn read(row: &SqliteRow) -> Result<Raw, sqlx::Error> {
        Ok(Raw {
            seq: row.try_get("seq")?,
            at_us: row.try_get("at_us")?,
            correlation_id: row.try_get("correlation_id")?,
            key: row.try_get("key")?,
            action: row.try_get("action")?,
            object_type: row.try_get("object_type")?,
            object_id: row.try_get("object_id")?,
            entry: row.try_get("entry")?,
            hash: row.try_get("hash")?,
        })
    }

    /// A JSON array, so that no value can run into the next.
    fn hashed(&self, previous: &str) -> String {
        let Raw { seq, at_us, correlation_id, key, action, object_type, object_id, entry, .. } = self;
        let all = (previous, seq, at_us, correlation_id, key, action, object_type, object_id, entry);
        // Texts and numbers always become JSON.
        hex(&Sha256::digest(serde_json::to_string(&all).unwrap_or_default()))
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn read(row: &SqliteRow) -> Result<AuditRow> {
    let raw = Raw::read(row).doing("read the audit")?;
    let corrupt = |reason: String| StoreError::Corrupt { what: "audit row", id: raw.seq.to_string(), reason };
    Ok(AuditRow {
        at: time(row, "at_us").doing("read the audit")?,
        action: serde_json::from_value(Value::String(raw.action.clone())).map_err(|e| corrupt(e.to_string()))?,
        entry: serde_json::from_str(&raw.entry).map_err(|e| corrupt(e.to_string()))?,
        seq: raw.seq,
        correlation_id: raw.correlation_id,
        key: raw.key,
        object_type: raw.object_type,
        object_id: raw.object_id,
        hash: raw.hash,
    })
}

fn word(action: AuditAction) -> &'static str {
    match action {
        AuditAction::Propose => "propose",
        AuditAction::Validate => "validate",
        AuditAction::Approve => "approve",
        AuditAction::Write => "write",
        AuditAction::Verify => "verify",
        AuditAction::Rollback => "rollback",
    }
}

/// What offhook does itself.
const OFFHOOK: &str = "offhook";
/// Rows held in memory while the chain is followed.
const PAGE: i64 = 1000;
