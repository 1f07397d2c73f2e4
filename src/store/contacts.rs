//! The built-in contact store: contacts, activities, tasks. Every write may be repeated.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::error::{Doing, Result};
use super::id::fresh_id;
use super::open::Store;
use super::rows::{ActivityRow, ContactRow, TaskRow};
use super::same_person::{Person, ask_a_person, person};

/// A contact as a call leaves it: found by its number, else by its e-mail address, else made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewContact {
    /// E.164.
    pub phone: String,
    /// Name as heard; fills an empty one, and is noted beside a different one.
    pub name: Option<String>,
    /// E-mail address, confirmed by the caller; fills an empty one, and is noted beside a different one.
    #[serde(default)]
    pub email: Option<String>,
    /// What else was learned, appended once each.
    pub notes: Vec<String>,
    /// The call it comes from.
    pub call_id: String,
}

/// A call as an activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewActivity {
    /// Whose; none for a withheld number.
    pub contact_id: Option<String>,
    /// The call.
    pub call_id: String,
    /// One line.
    pub subject: String,
    /// Summary.
    pub body: String,
    /// Who wrote it.
    pub source: String,
    /// When the call began.
    pub occurred_at: Timestamp,
}

/// A follow-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTask {
    /// Whose; none for a withheld number.
    pub contact_id: Option<String>,
    /// The call it comes from.
    pub call_id: String,
    /// One line.
    pub subject: String,
    /// Details.
    pub body: String,
    /// Do it by then.
    pub due_at: Timestamp,
}

impl Store {
    /// The contact with that number.
    pub async fn contact_by_phone(&self, business: &str, phone: &str) -> Result<Option<ContactRow>> {
        let sql =
            "SELECT c.*, (SELECT json_group_array(n.note) FROM contact_notes AS n WHERE n.contact_id = c.id) AS notes
            FROM contacts AS c WHERE c.business = $1 AND c.phone = $2";
        let row = sqlx::query(sql).bind(business).bind(phone).fetch_optional(self.reader()).await;
        row.doing("look up a contact")?.as_ref().map(ContactRow::read).transpose().doing("read a contact")
    }

    /// Contacts, all or those with that number, oldest first.
    pub async fn contacts(&self, phone: Option<&str>, limit: u32) -> Result<Vec<ContactRow>> {
        let sql =
            "SELECT c.*, (SELECT json_group_array(n.note) FROM contact_notes AS n WHERE n.contact_id = c.id) AS notes
            FROM contacts AS c WHERE $1 IS NULL OR c.phone = $1 ORDER BY c.created_us, c.id LIMIT $2";
        let rows = sqlx::query(sql).bind(phone).bind(i64::from(limit)).fetch_all(self.reader()).await;
        rows.doing("list contacts")?.iter().map(ContactRow::read).collect::<Result<_, _>>().doing("read contacts")
    }

    /// Activities of a contact, oldest first.
    pub async fn activities(&self, contact_id: &str) -> Result<Vec<ActivityRow>> {
        let sql = "SELECT * FROM activities WHERE contact_id = $1 ORDER BY occurred_us, id";
        let rows = sqlx::query(sql).bind(contact_id).fetch_all(self.reader()).await.doing("list activities")?;
        rows.iter().map(ActivityRow::read).collect::<Result<_, _>>().doing("read activities")
    }

    /// Tasks of a contact, most urgent first.
    pub async fn tasks(&self, contact_id: &str) -> Result<Vec<TaskRow>> {
        let sql = "SELECT * FROM tasks WHERE contact_id = $1 ORDER BY due_us, id";
        let rows = sqlx::query(sql).bind(contact_id).fetch_all(self.reader()).await.doing("list tasks")?;
        rows.iter().map(TaskRow::read).collect::<Result<_, _>>().doing("read tasks")
    }

    /// The activity and the tasks of one call, whether or not they have a contact.
    pub async fn effects_of_call(&self, call_id: &str) -> Result<(Vec<ActivityRow>, Vec<TaskRow>)> {
        let activities = sqlx::query("SELECT * FROM activities WHERE call_id = $1").bind(call_id);
        let activities = activities.fetch_all(self.reader()).await.doing("list a call's activities")?;
        let tasks = sqlx::query("SELECT * FROM tasks WHERE call_id = $1 ORDER BY due_us, id").bind(call_id);
        let tasks = tasks.fetch_all(self.reader()).await.doing("list a call's tasks")?;
        Ok((
            activities.iter().map(ActivityRow::read).collect::<Result<_, _>>().doing("read activities")?,
            tasks.iter().map(TaskRow::read).collect::<Result<_, _>>().doing("read tasks")?,
        ))
    }

    /// Writes a contact, or completes the one who it is: by number, then by e-mail address. Its id.
    pub async fn upsert_contact(&self, business: &str, contact: &NewContact) -> Result<String> {
        let mut tx = self.write().await?;
        let name = contact.name.as_deref().map(str::trim).filter(|n| !n.is_empty());
        let email = contact.email.as_deref().map(|e| e.trim().to_lowercase()).filter(|e| !e.is_empty());
        let person = person(&mut tx, business, contact, email.as_deref()).await?;
        let own = email.as_deref().filter(|_| !matches!(person, Person::Doubtful));
        let stored = match &person {
            Person::OfEmail(id) => known_contact(&mut tx, id, name).await?,
            _ => insert_contact(&mut tx, business, (&contact.phone, name, own)).await?,
        };
        let other = name.filter(|n| stored.name.as_deref().is_some_and(|s| !same_name(s, n)));
        let alias = other.map(|n| format!("Also heard as {n}"));
        let number = (stored.phone != contact.phone).then(|| format!("Also uses {}", contact.phone));
        let address = own.filter(|e| stored.email.as_deref().is_some_and(|s| !same_name(s, e)));
        let address = address.map(|e| format!("Also uses {e}"));
        let notes = contact.notes.iter().filter(|note| **note != format!("Also uses {}", stored.phone));
        for note in notes.chain(&alias).chain(&number).chain(&address) {
            insert_note(&mut tx, &stored.id, note).await?;
        }
        if let (Person::Doubtful, Some(email)) = (&person, &email) {
            ask_a_person(&mut tx, business, contact, (&stored.id, email)).await?;
        }
        tx.commit().await.doing("commit a contact")?;
        Ok(stored.id)
    }

    /// Writes a call's activity; a repeated write replaces its words and keeps its id.
    pub async fn upsert_activity(&self, business: &str, activity: &NewActivity, key: &str) -> Result<String> {
        let sql = "INSERT INTO activities (id, key, business, call_id, contact_id, subject, body, source, occurred_us, writes)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)
            ON CONFLICT (call_id) DO UPDATE SET contact_id = excluded.contact_id, subject = excluded.subject,
                body = excluded.body, source = excluded.source, writes = activities.writes + 1
            RETURNING id";
        let mut tx = self.write().await?;
        let id: String = sqlx::query_scalar(sql)
            .bind(fresh_id())
            .bind(key)
            .bind(business)
            .bind(&activity.call_id)
            .bind(&activity.contact_id)
            .bind(&activity.subject)
            .bind(&activity.body)
            .bind(&activity.source)
            .bind(activity.occurred_at.as_microsecond())
            .fetch_one(&mut *tx)
            .await
            .doing("write an activity")?;
        tx.commit().await.doing("commit an activity")?;
        Ok(id)
    }

    /// Writes a task once per key; what a person has since done to it is left alone.
    pub async fn add_task(&self, business: &str, task: &NewTask, key: &str) -> Result<String> {
        let sql = "INSERT INTO tasks (id, key, business, call_id, contact_id, subject, body, due_us, status)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open')
            ON CONFLICT (key) DO UPDATE SET key = excluded.key
            RETURNING id";
        let mut tx = self.write().await?;
        let id: String = sqlx::query_scalar(sql)
            .bind(fresh_id())
            .bind(key)
            .bind(business)
            .bind(&task.call_id)
            .bind(&task.contact_id)
            .bind(&task.subject)
            .bind(&task.body)
            .bind(task.due_at.as_microsecond())
            .fetch_one(&mut *tx)
            .await
            .doing("write a task")?;
        tx.commit().await.doing("commit a task")?;
        Ok(id)
    }
}

/// A contact as it is stored now.
struct Stored {
    id: String,
    phone: String,
    name: Option<String>,
    email: Option<String>,
}

/// Inserts, or fills what is empty.
async fn insert_contact(
    tx: &mut SqliteConnection,
    business: &str,
    (phone, name, email): (&str, Option<&str>, Option<&str>),
) -> Result<Stored> {
    let sql = "INSERT INTO contacts (id, business, phone, name, email, created_us, updated_us)
        VALUES ($1, $2, $3, $4, $5, $6, $6)
        ON CONFLICT (business, phone) DO UPDATE SET name = COALESCE(NULLIF(contacts.name, ''), excluded.name),
            email = COALESCE(NULLIF(contacts.email, ''), excluded.email), updated_us = excluded.updated_us
        RETURNING id, phone, name, email";
    let row = sqlx::query(sql)
        .bind(fresh_id())
        .bind(business)
        .bind(phone)
        .bind(name)
        .bind(email)
        .bind(Timestamp::now().as_microsecond())
        .fetch_one(tx)
        .await
        .doing("write a contact")?;
    stored(&row).doing("read a contact")
}

/// One there is under another number: fills an empty name.
async fn known_contact(tx: &mut SqliteConnection, id: &str, name: Option<&str>) -> Result<Stored> {
    let sql = "UPDATE contacts SET name = COALESCE(NULLIF(name, ''), $2), updated_us = $3 WHERE id = $1
        RETURNING id, phone, name, email";
    let now = Timestamp::now().as_microsecond();
    let row = sqlx::query(sql).bind(id).bind(name).bind(now).fetch_one(tx).await.doing("write a contact")?;
    stored(&row).doing("read a contact")
}

fn stored(row: &SqliteRow) -> std::result::Result<Stored, sqlx::Error> {
    Ok(Stored {
        id: row.try_get("id")?,
        phone: row.try_get("phone")?,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
    })
}

pub(super) async fn insert_note(tx: &mut SqliteConnection, contact_id: &str, note: &str) -> Result<()> {
    let sql = "INSERT INTO contact_notes (contact_id, note, created_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let query = sqlx::query(sql).bind(contact_id).bind(note).bind(Timestamp::now().as_microsecond());
    query.execute(tx).await.doing("write a contact's note").map(drop)
}

fn same_name(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}
