//! The built-in CRM: the same database as everything else.

use std::collections::BTreeMap;

use super::provider::{BoxFuture, Crm, CrmError, FOUND_MAX, Lookup};
use super::schema::{Field, Kind, Schema};
use super::{Fields, Object, Record};
use crate::store::{RecordBy, Store, StoreError};

/// Contacts, activities, tasks and deals in the store.
#[derive(Debug, Clone)]
pub struct BuiltIn {
    store: Store,
}

impl BuiltIn {
    /// A CRM in that database.
    pub fn new(store: Store) -> BuiltIn {
        BuiltIn { store }
    }
}

impl Crm for BuiltIn {
    fn name(&self) -> &'static str {
        "builtin"
    }

    fn describe<'a>(&'a self) -> BoxFuture<'a, Result<Schema, CrmError>> {
        Box::pin(async { Ok(schema()) })
    }

    fn find<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        by: Lookup<'a>,
    ) -> BoxFuture<'a, Result<Vec<Record>, CrmError>> {
        Box::pin(async move {
            let most = u32::try_from(FOUND_MAX).unwrap_or(u32::MAX);
            let (by, name, most) = match by {
                Lookup::Key(key) => (RecordBy::Key(key), None, most),
                Lookup::Phone(phone) => (RecordBy::Phone(phone), None, most),
                Lookup::Email(email) => (RecordBy::Email(email), None, most),
                Lookup::NameZip { name, zip } => (RecordBy::Zip(zip), Some(name), NEIGHBOURS_MAX),
                Lookup::Contact(contact) => (RecordBy::Contact(contact), None, most),
            };
            let mut found = self.store.records(business, object, by, most).await.map_err(failure)?;
            found.retain(|record| name.is_none_or(|name| record.text("name").is_some_and(|known| same(known, name))));
            found.truncate(FOUND_MAX);
            Ok(found)
        })
    }

    fn read<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Record>, CrmError>> {
        Box::pin(async move { self.store.record(business, object, id).await.map_err(failure) })
    }

    fn create<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        key: &'a str,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(async move {
            for required in required(object) {
                if fields.get(*required).and_then(|value| value.as_str()).is_none_or(str::is_empty) {
                    return Err(refused(required, format!("a new {object} needs {required}")));
                }
            }
            check(object, fields)?;
            self.store.create_record(business, object, key, fields).await.map_err(failure)
        })
    }

    fn update<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        id: &'a str,
        version: Option<&'a str>,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(async move {
            check(object, fields)?;
            match self.store.update_record(business, object, id, version, fields).await.map_err(failure)? {
                Some(true) => Ok(()),
                Some(false) => Err(CrmError::Conflict { reason: format!("{object} {id} is not {version:?} any more") }),
                None => Err(CrmError::Gone),
            }
        })
    }

    fn delete<'a>(&'a self, business: &'a str, object: Object, id: &'a str) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(async move { self.store.delete_record(business, object, id).await.map_err(failure) })
    }
}

/// A number is a number, an instant an instant.
fn check(object: Object, fields: &Fields) -> Result<(), CrmError> {
    let text = |field: &str| fields.get(field).and_then(|value| value.as_str());
    if let Some(phone) = text("phone").filter(|phone| object == Object::Contact && !is_e164(phone)) {
        return Err(refused("phone", format!("{phone:?} is not an E.164 number")));
    }
    for field in ["started_at", "due_at"] {
        if let Some(at) = text(field).filter(|at| at.parse::<jiff::Timestamp>().is_err()) {
            return Err(refused(field, format!("{at:?} is not a moment")));
        }
    }
    Ok(())
}

/// A database that fails today (disk full, locked) is tried again; outbox rows are in the same file and as safe.
fn failure(error: StoreError) -> CrmError {
    let StoreError::Sql { source, .. } = &error else {
        return CrmError::Retry { after: None, reason: error.to_string() };
    };
    let reason = error.to_string();
    match source.as_database_error() {
        // Another call from the same number was faster.
        Some(found) if found.is_unique_violation() => CrmError::Conflict { reason },
        Some(found) if found.is_foreign_key_violation() => refused("contact_id", reason),
        _ => CrmError::Retry { after: None, reason },
    }
}

fn refused(field: &str, reason: String) -> CrmError {
    CrmError::Rejected { field: Some(field.to_owned()), reason }
}

/// A plus sign and at most 15 digits (ITU-T E.164).
fn is_e164(phone: &str) -> bool {
    let digits = phone.strip_prefix('+').unwrap_or_default();
    (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

fn required(object: Object) -> &'static [&'static str] {
    match object {
        Object::Contact => &[],
        Object::Activity => &["call_id", "subject", "started_at"],
        Object::Task => &["subject", "due_at"],
        Object::Deal => &["name"],
    }
}

fn schema() -> Schema {
    let of = |object: Object, fields: &[(&str, Kind)]| {
        let field = |(name, kind): &(&str, Kind)| {
            let field = Field::new(name, *kind);
            if required(object).contains(name) { field.required() } else { field }
        };
        (object, fields.iter().map(field).collect())
    };
    use Kind::{Date, Instant, List, Number, Text};
    let objects = BTreeMap::from([
        of(
            Object::Contact,
            &[
                ("phone", Text),
                ("name", Text),
                ("email", Text),
                ("zip", Text),
                ("birth_date", Date),
                ("tier", Text),
                ("notes", List),
            ],
        ),
        of(
            Object::Activity,
            &[
                ("call_id", Text),
                ("contact_id", Text),
                ("subject", Text),
                ("body", Text),
                ("source", Text),
                ("started_at", Instant),
            ],
        ),
        of(
            Object::Task,
            &[("call_id", Text), ("contact_id", Text), ("subject", Text), ("body", Text), ("due_at", Instant)],
        ),
        of(Object::Deal, &[("name", Text), ("stage", Text), ("amount", Number), ("close_date", Date)]),
    ]);
    Schema { objects, open: true }
}

/// People of one post code that are compared by name.
const NEIGHBOURS_MAX: u32 = 10_000;
