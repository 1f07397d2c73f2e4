//! Any other place, by signed web requests (Standard Webhooks): n8n, Make, Zapier, or a program of one's own.
//!
//! Each write is one request: `{"type": "contact.create", "timestamp": ..., "data": {"business", "key", "id", "fields"}}`.
//! `webhook-id` is the same for every try of a write, so that the other side can tell a second one. It may answer
//! `{"id": ...}`, its own name for the record; else the key is its name. It is asked nothing: what was taken is
//! remembered here, so that it reads back as it was taken, until offhook ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::http::{Answer, Api};
use super::mapped::Checked;
use super::mapping::{self, names};
use super::{BoxFuture, Crm, CrmError, FOUND_MAX, Field, Fields, Kind, Lookup, Object, Record, Schema};
use crate::cloud::Trouble;
use crate::events::Secrets;

/// A web address that is told, and the secrets both sides know.
#[derive(Debug)]
pub struct WebhookCrm {
    api: Api,
    secrets: Secrets,
    taken: Mutex<Taken>,
}

/// What the other side took, the last of it.
#[derive(Debug, Default)]
struct Taken {
    records: BTreeMap<(Object, String), Kept>,
    last: u64,
}

#[derive(Debug, Clone)]
struct Kept {
    key: String,
    at: u64,
    fields: Fields,
}

impl WebhookCrm {
    /// Asks nobody yet; an address that cannot be one is refused here.
    pub fn open(url: &str, secrets: Secrets) -> Result<WebhookCrm, Trouble> {
        Ok(WebhookCrm { api: Api::open(url, means)?, secrets, taken: Mutex::default() })
    }

    async fn tell(&self, message: &str, kind: &str, data: Value) -> Result<Value, CrmError> {
        let now = Timestamp::now();
        let body = json!({"type": kind, "timestamp": now.to_string(), "data": data});
        let signature = self.secrets.sign(message, now, body.to_string().as_bytes());
        let ask = self
            .api
            .ask(Method::POST, &[])
            .header("webhook-id", message)
            .header("webhook-timestamp", now.as_second().to_string())
            .header("webhook-signature", signature)
            .json(body);
        self.api.good(&ask).await
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn made(&self, business: &str, object: Object, key: &str, fields: &Fields) -> Result<String, CrmError> {
        if let Some(known) = self.taken().keyed(object, key) {
            return Ok(known.id);
        }
        known(object, fields)?;
        let data = json!({"business": business, "key": key, "fields": fields});
        // The same record is the same message; after a restart its next state is another one, under the same key.
        let message = format!("{key}/{:.16}", digest(&data.to_string()));
        let answer = self.tell(&message, &format!("{object}.create"), data).await?;
        let id = match &answer["id"] {
            Value::String(id) if !id.is_empty() => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => key.to_owned(),
        };
        self.taken().keep(object, &id, key, fields);
        Ok(id)
    }

    async fn changed(&self, business: &str, object: Object, id: &str, fields: &Fields) -> Result<(), CrmError> {
        known(object, fields)?;
        let key = self.taken().records.get(&(object, id.to_owned())).ok_or(CrmError::Gone)?.key.clone();
        let data = json!({"business": business, "key": key, "id": id, "fields": fields});
        // The same change is the same message.
        let message = format!("{key}/{:.16}", digest(&data.to_string()));
        self.tell(&message, &format!("{object}.update"), data).await?;
        self.taken().keep(object, id, &key, fields);
        Ok(())
    }

    async fn removed(&self, business: &str, object: Object, id: &str) -> Result<(), CrmError> {
        let Some(kept) = self.taken().records.get(&(object, id.to_owned())).cloned() else { return Ok(()) };
        let data = json!({"business": business, "key": kept.key, "id": id});
        self.tell(&format!("{}/delete", kept.key), &format!("{object}.delete"), data).await?;
        self.taken().records.remove(&(object, id.to_owned()));
        Ok(())
    }
}

impl Crm for WebhookCrm {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn describe<'a>(&'a self) -> BoxFuture<'a, Result<Schema, CrmError>> {
        let fields = |object: Object| names(object).iter().map(|name| Field::new(name, Kind::Text)).collect();
        let objects = Object::ALL.into_iter().map(|object| (object, fields(object))).collect();
        Box::pin(async { Ok(Schema { objects, open: true }) })
    }

    fn find<'a>(
        &'a self,
        _business: &'a str,
        object: Object,
        by: Lookup<'a>,
    ) -> BoxFuture<'a, Result<Vec<Record>, CrmError>> {
        Box::pin(async move { Ok(self.taken().found(object, by)) })
    }

    fn read<'a>(
        &'a self,
        _business: &'a str,
        object: Object,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Record>, CrmError>> {
        Box::pin(async move {
            let taken = self.taken();
            Ok(taken.records.get(&(object, id.to_owned())).map(|kept| record(id, kept)))
        })
    }

    fn create<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        key: &'a str,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(self.made(business, object, key, fields))
    }

    fn update<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        id: &'a str,
        _version: Option<&'a str>,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(self.changed(business, object, id, fields))
    }

    fn delete<'a>(&'a self, business: &'a str, object: Object, id: &'a str) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(self.removed(business, object, id))
    }
}

impl Checked for WebhookCrm {
    /// Whoever listens takes what comes.
    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, CrmError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Taken {
    fn keep(&mut self, object: Object, id: &str, key: &str, fields: &Fields) {
        self.last += 1;
        let fresh = Kept { key: key.to_owned(), at: self.last, fields: Fields::new() };
        let kept = self.records.entry((object, id.to_owned())).or_insert(fresh);
        kept.at = self.last;
        kept.fields.extend(fields.clone());
        if self.records.len() > TAKEN_MAX {
            let oldest = self.records.iter().min_by_key(|(_, kept)| kept.at).map(|(place, _)| place.clone());
            oldest.and_then(|place| self.records.remove(&place));
        }
    }

    fn keyed(&self, object: Object, key: &str) -> Option<Record> {
        self.found(object, Lookup::Key(key)).into_iter().next()
    }

    fn found(&self, object: Object, by: Lookup<'_>) -> Vec<Record> {
        let of = self.records.iter().filter(|((kind, _), _)| *kind == object);
        let all = of.map(|((_, id), kept)| (record(id, kept), kept.key.as_str()));
        all.filter(|(record, key)| fits(record, key, by)).map(|(record, _)| record).take(FOUND_MAX).collect()
    }
}

fn record(id: &str, kept: &Kept) -> Record {
    Record { id: id.to_owned(), version: None, fields: kept.fields.clone() }
}

fn fits(record: &Record, key: &str, by: Lookup<'_>) -> bool {
    let is = |field: &str, value: &str| {
        let known = record.fields.get(field).and_then(Value::as_str).unwrap_or_default();
        known.to_lowercase() == value.to_lowercase()
    };
    match by {
        Lookup::Key(wanted) => key == wanted,
        Lookup::Phone(phone) => is("phone", phone),
        Lookup::Email(email) => is("email", email),
        Lookup::NameZip { name, zip } => is("name", name) && is("zip", zip),
        Lookup::Contact(contact) => is("contact_id", contact),
    }
}

fn known(object: Object, fields: &Fields) -> Result<(), CrmError> {
    match fields.keys().find(|field| !mapping::known(object, field)) {
        None => Ok(()),
        Some(field) => {
            let reason = format!("offhook has no {object}.{field}");
            Err(CrmError::Rejected { field: Some(field.clone()), reason })
        }
    }
}

/// An address that is not there (any more) is no fault of the record.
fn means(answer: &Answer) -> Option<CrmError> {
    match answer.status.as_u16() {
        404 | 410 => Some(CrmError::Unauthorized { reason: format!("{}; correct [crm] url", answer.said()) }),
        400 | 422 => {
            let field = answer.text("/field").map(str::to_owned);
            Some(CrmError::Rejected { field, reason: answer.said() })
        }
        _ => None,
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes that are being read back, many times over.
const TAKEN_MAX: usize = 2000;
