//! Whether a caller is somebody who is known already: by number first, then by e-mail address.

use jiff::{SignedDuration, Timestamp};
use sqlx::{Row, SqliteConnection};

use super::contacts::NewContact;
use super::error::{Doing, Result};
use super::id::fresh_id;

/// Who a caller is.
pub(super) enum Person {
    /// Whoever has the number, or nobody yet.
    OfNumber,
    /// The contact with the address, under another number.
    OfEmail(String),
    /// Whoever has the number, though the address is somebody else's: a person has to look.
    Doubtful,
}

/// Looks for the person before anything is written.
pub(super) async fn person(
    tx: &mut SqliteConnection,
    business: &str,
    contact: &NewContact,
    email: Option<&str>,
) -> Result<Person> {
    let Some(email) = email else { return Ok(Person::OfNumber) };
    let sql = "SELECT id, phone, name FROM contacts WHERE business = $1 AND (phone = $2 OR lower(email) = $3) LIMIT 3";
    let rows = sqlx::query(sql).bind(business).bind(&contact.phone).bind(email).fetch_all(tx).await;
    let read = |row: &sqlx::sqlite::SqliteRow| -> std::result::Result<_, sqlx::Error> {
        Ok((row.try_get::<String, _>("id")?, row.try_get::<String, _>("phone")?, row.try_get("name")?))
    };
    let rows: Vec<(String, String, Option<String>)> = rows
        .doing("look for a contact")?
        .iter()
        .map(read)
        .collect::<std::result::Result<_, _>>()
        .doing("read a contact")?;
    let numbered = rows.iter().any(|(_, phone, _)| *phone == contact.phone);
    let others: Vec<_> = rows.iter().filter(|(_, phone, _)| *phone != contact.phone).collect();
    Ok(match others.as_slice() {
        [] => Person::OfNumber,
        [(id, _, name)] if !numbered && may_be(name.as_deref(), contact.name.as_deref()) => Person::OfEmail(id.clone()),
        _ => Person::Doubtful,
    })
}

/// A task once per call: nothing is merged on a guess.
pub(super) async fn ask_a_person(
    tx: &mut SqliteConnection,
    business: &str,
    contact: &NewContact,
    (id, email): (&str, &str),
) -> Result<()> {
    let sql = "INSERT INTO tasks (id, key, business, call_id, contact_id, subject, body, due_us, status)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open') ON CONFLICT (key) DO NOTHING";
    let who = contact.name.as_deref().unwrap_or(&contact.phone);
    let due = Timestamp::now().checked_add(LOOK_WITHIN).unwrap_or(Timestamp::MAX);
    sqlx::query(sql)
        .bind(fresh_id())
        .bind(format!("{}/task/same-person", contact.call_id))
        .bind(business)
        .bind(&contact.call_id)
        .bind(id)
        .bind(format!("Is this one person? {who}"))
        .bind(format!("The caller at {} gave {email}, which another contact has. Nothing was merged.", contact.phone))
        .bind(due.as_microsecond())
        .execute(tx)
        .await
        .doing("write a task")
        .map(drop)
}

/// Names of one person have a word in common; a missing one says nothing.
fn may_be(one: Option<&str>, other: Option<&str>) -> bool {
    let words = |name: &str| name.to_lowercase().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    match (one.map(words), other.map(words)) {
        (Some(one), Some(other)) if !one.is_empty() && !other.is_empty() => one.iter().any(|word| other.contains(word)),
        _ => true,
    }
}

/// Nobody waits for it on the phone.
const LOOK_WITHIN: SignedDuration = SignedDuration::from_hours(24);
