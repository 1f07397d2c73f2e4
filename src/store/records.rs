//! The built-in CRM's records: contacts, activities, tasks, deals, found again by the key they were made with.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row, Sqlite, SqliteConnection};

use super::error::{Doing, Result, StoreError};
use super::id::fresh_id;
use super::open::Store;
use super::record::{Fields, Object, Record};
use super::rows::time;

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// What a record of the built-in CRM is looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordBy<'a> {
    /// The key it was made with.
    Key(&'a str),
    /// Number, E.164.
    Phone(&'a str),
    /// Address, any case.
    Email(&'a str),
    /// Post code; the caller compares the names.
    Zip(&'a str),
    /// The contact it belongs to.
    Contact(&'a str),
}

impl Store {
    /// Records that fit, oldest first.
    pub async fn records(&self, business: &str, object: Object, by: RecordBy<'_>, limit: u32) -> Result<Vec<Record>> {
        let (condition, value) = match by {
            RecordBy::Key(key) => ("key = $2", key),
            RecordBy::Phone(phone) if object == Object::Contact => ("phone = $2", phone),
            RecordBy::Email(email) if object == Object::Contact => ("lower(email) = lower($2)", email),
            RecordBy::Zip(zip) if object == Object::Contact => ("zip = $2", zip),
            RecordBy::Contact(contact) if object == Object::Deal => {
                ("json_extract(more, '$.contact_id') = $2", contact)
            }
            RecordBy::Contact(contact) if object != Object::Contact => ("contact_id = $2", contact),
            RecordBy::Phone(phone) if object == Object::Deal => ("json_extract(more, '$.phone') = $2", phone),
            RecordBy::Email(email) if object == Object::Deal => {
                ("lower(json_extract(more, '$.email')) = lower($2)", email)
            }
            _ => return Ok(Vec::new()),
        };
        let sql = format!("{} WHERE business = $1 AND {condition} ORDER BY rowid LIMIT $3", select(object));
        let query = sqlx::query(AssertSqlSafe(sql)).bind(business).bind(value).bind(i64::from(limit));
        let rows = query.fetch_all(self.reader()).await.doing("look up records")?;
        rows.iter().map(|row| read(object, row)).collect::<Result<_, _>>().doing("read records")
    }

    /// One record.
    pub async fn record(&self, business: &str, object: Object, id: &str) -> Result<Option<Record>> {
        let sql = format!("{} WHERE business = $1 AND id = $2", select(object));
        let row = sqlx::query(AssertSqlSafe(sql)).bind(business).bind(id).fetch_optional(self.reader()).await;
        row.doing("read a record")?.as_ref().map(|row| read(object, row)).transpose().doing("read a record")
    }

    /// Makes a record, once per key; its id.
    pub async fn create_record(&self, business: &str, object: Object, key: &str, fields: &Fields) -> Result<String> {
        let mut tx = self.write().await?;
        let sql = format!("SELECT id FROM {} WHERE business = $1 AND key = $2", table(object));
        let made = sqlx::query_scalar(AssertSqlSafe(sql)).bind(business).bind(key).fetch_optional(&mut *tx).await;
        if let Some(id) = made.doing("look for a key")? {
            return Ok(id);
        }
        let id = fresh_id();
        insert(&mut tx, business, object, key, &id, fields).await?;
        add_notes(&mut tx, object, &id, fields).await?;
        tx.commit().await.doing("commit a record")?;
        Ok(id)
    }

    /// Sets the fields given, unless the record is not `version` any more. None when it is not there.
    pub async fn update_record(
        &self,
        business: &str,
        object: Object,
        id: &str,
        version: Option<&str>,
        fields: &Fields,
    ) -> Result<Option<bool>> {
        let mut tx = self.write().await?;
        let sql = format!("{} WHERE business = $1 AND id = $2", select(object));
        let row = sqlx::query(AssertSqlSafe(sql)).bind(business).bind(id).fetch_optional(&mut *tx).await;
        let Some(row) = row.doing("read a record")? else { return Ok(None) };
        let stored = read(object, &row).doing("read a record")?;
        if version.is_some() && stored.version.as_deref() != version {
            return Ok(Some(false));
        }
        let mut all = stored.fields;
        all.extend(fields.clone());
        rewrite(&mut tx, object, id, &all).await?;
        add_notes(&mut tx, object, id, fields).await?;
        tx.commit().await.doing("commit a record")?;
        Ok(Some(true))
    }

    /// Takes a record away, its notes with it; what points to a contact keeps standing without it.
    pub async fn delete_record(&self, business: &str, object: Object, id: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let loosen: &[&str] = match object {
            Object::Contact => &[
                "DELETE FROM contact_notes WHERE contact_id = $1",
                "UPDATE activities SET contact_id = NULL WHERE contact_id = $1",
                "UPDATE tasks SET contact_id = NULL WHERE contact_id = $1",
            ],
            Object::Activity | Object::Task | Object::Deal => &[],
        };
        for sql in loosen {
            sqlx::query(*sql).bind(id).execute(&mut *tx).await.doing("loosen a record")?;
        }
        let sql = format!("DELETE FROM {} WHERE business = $1 AND id = $2", table(object));
        sqlx::query(AssertSqlSafe(sql)).bind(business).bind(id).execute(&mut *tx).await.doing("delete a record")?;
        tx.commit().await.doing("commit a deletion")
    }
}

async fn insert(
    tx: &mut SqliteConnection,
    business: &str,
    object: Object,
    key: &str,
    id: &str,
    fields: &Fields,
) -> Result<()> {
    let columns = columns(object);
    let own = own_on_create(object);
    let names: Vec<&str> = columns.iter().map(|column| column.name).chain(own.iter().map(|(name, _)| *name)).collect();
    let places: Vec<String> = (5..5 + names.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "INSERT INTO {} (id, business, key, more, {}) VALUES ($1, $2, $3, $4, {})",
        table(object),
        names.join(", "),
        places.join(", ")
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(business).bind(key).bind(more(object, fields)?);
    let mut query = bound(query, object, id, fields);
    for (_, value) in own {
        query = query.bind(value);
    }
    query.execute(tx).await.doing("write a record").map(drop)
}

async fn rewrite(tx: &mut SqliteConnection, object: Object, id: &str, fields: &Fields) -> Result<()> {
    let columns = columns(object);
    let sets: Vec<String> = columns.iter().zip(3..).map(|(column, n)| format!(", {} = ${n}", column.name)).collect();
    let version = match object {
        Object::Contact => format!(", updated_us = MAX(updated_us + 1, {})", Timestamp::now().as_microsecond()),
        Object::Activity => ", writes = writes + 1".to_owned(),
        Object::Task | Object::Deal => String::new(),
    };
    let sql = format!("UPDATE {} SET more = $2{}{version} WHERE id = $1", table(object), sets.concat());
    let query = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(more(object, fields)?);
    bound(query, object, id, fields).execute(tx).await.doing("rewrite a record").map(drop)
}

async fn add_notes(tx: &mut SqliteConnection, object: Object, id: &str, fields: &Fields) -> Result<()> {
    let notes = fields.get(NOTES).filter(|_| object == Object::Contact).and_then(Value::as_array);
    for note in notes.into_iter().flatten().filter_map(Value::as_str) {
        let sql = "INSERT INTO contact_notes (contact_id, note, created_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(id).bind(note).bind(Timestamp::now().as_microsecond());
        query.execute(&mut *tx).await.doing("write a contact's note")?;
    }
    Ok(())
}

/// The columns' values in their order.
fn bound<'q>(mut query: Query<'q>, object: Object, id: &str, fields: &Fields) -> Query<'q> {
    for column in columns(object) {
        let text = fields.get(column.field).and_then(Value::as_str);
        query = match column.kind {
            Kind::Text => query.bind(text.map(str::to_owned)),
            Kind::Needed(default) => query.bind(text.unwrap_or(default).to_owned()),
            // Two contacts without a number are not one contact.
            Kind::Phone => query.bind(text.map_or_else(|| format!("{NO_PHONE}{id}"), str::to_owned)),
            Kind::Instant => query.bind(text.and_then(instant).unwrap_or_default()),
        };
    }
    query
}

fn read(object: Object, row: &SqliteRow) -> Result<Record, sqlx::Error> {
    let more: String = row.try_get("more")?;
    let mut fields: Fields = serde_json::from_str(&more).map_err(|e| sqlx::Error::Decode(e.into()))?;
    for column in columns(object) {
        let text = match column.kind {
            Kind::Instant => Some(time(row, column.name)?.to_string()),
            Kind::Text | Kind::Needed(_) => row.try_get(column.name)?,
            Kind::Phone => row.try_get::<Option<String>, _>(column.name)?.filter(|phone| !phone.starts_with(NO_PHONE)),
        };
        fields.extend(text.map(|text| (column.field.to_owned(), Value::String(text))));
    }
    let version = match object {
        Object::Contact => {
            let notes: String = row.try_get(NOTES)?;
            let notes = serde_json::from_str(&notes).map_err(|e| sqlx::Error::Decode(e.into()))?;
            fields.insert(NOTES.to_owned(), notes);
            Some(row.try_get::<i64, _>("updated_us")?.to_string())
        }
        Object::Activity => Some(row.try_get::<i64, _>("writes")?.to_string()),
        Object::Task | Object::Deal => None,
    };
    Ok(Record { id: row.try_get("id")?, version, fields })
}

/// Fields without a column.
fn more(object: Object, fields: &Fields) -> Result<String> {
    let has_column = |field: &str| columns(object).iter().any(|column| column.field == field);
    let kept = |field: &str| !(has_column(field) || object == Object::Contact && field == NOTES);
    let more: Fields = fields.iter().filter(|(field, _)| kept(field)).map(|(f, v)| (f.clone(), v.clone())).collect();
    let unwritable = |e: serde_json::Error| StoreError::Corrupt {
        what: "record",
        id: object.as_str().to_owned(),
        reason: e.to_string(),
    };
    serde_json::to_string(&more).map_err(unwritable)
}

/// Microseconds since the epoch.
fn instant(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

fn table(object: Object) -> &'static str {
    match object {
        Object::Contact => "contacts",
        Object::Activity => "activities",
        Object::Task => "tasks",
        Object::Deal => "deals",
    }
}

fn select(object: Object) -> String {
    let notes = match object {
        Object::Contact => {
            ", (SELECT json_group_array(n.note) FROM contact_notes AS n WHERE n.contact_id = contacts.id) AS notes"
        }
        Object::Activity | Object::Task | Object::Deal => "",
    };
    format!("SELECT *{notes} FROM {}", table(object))
}

/// A field that has a column.
struct Column {
    field: &'static str,
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// Never empty in the table: what stands there when nothing was said.
    Needed(&'static str),
    Phone,
    Instant,
}

const fn column(field: &'static str, name: &'static str, kind: Kind) -> Column {
    Column { field, name, kind }
}

fn columns(object: Object) -> &'static [Column] {
    const CONTACT: [Column; 6] = [
        column("phone", "phone", Kind::Phone),
        column("name", "name", Kind::Text),
        column("email", "email", Kind::Text),
        column("zip", "zip", Kind::Text),
        column("birth_date", "birth_date", Kind::Text),
        column("tier", "tier", Kind::Text),
    ];
    const ACTIVITY: [Column; 6] = [
        column("call_id", "call_id", Kind::Needed("")),
        column("contact_id", "contact_id", Kind::Text),
        column("subject", "subject", Kind::Needed("")),
        column("body", "body", Kind::Needed("")),
        column("source", "source", Kind::Needed("")),
        column("started_at", "occurred_us", Kind::Instant),
    ];
    const TASK: [Column; 6] = [
        column("call_id", "call_id", Kind::Needed("")),
        column("contact_id", "contact_id", Kind::Text),
        column("subject", "subject", Kind::Needed("")),
        column("body", "body", Kind::Needed("")),
        column("due_at", "due_us", Kind::Instant),
        column("status", "status", Kind::Needed("open")),
    ];
    match object {
        Object::Contact => &CONTACT,
        Object::Activity => &ACTIVITY,
        Object::Task => &TASK,
        Object::Deal => &[],
    }
}

/// Columns offhook sets itself when a record is made.
fn own_on_create(object: Object) -> Vec<(&'static str, i64)> {
    let now = Timestamp::now().as_microsecond();
    match object {
        Object::Contact => vec![("created_us", now), ("updated_us", now)],
        Object::Activity => vec![("writes", 1)],
        Object::Deal => vec![("created_us", now)],
        Object::Task => Vec::new(),
    }
}

/// A contact's notes: appended, once each.
const NOTES: &str = "notes";
/// In the number's column of a contact that has none.
pub(super) const NO_PHONE: &str = "none:";
