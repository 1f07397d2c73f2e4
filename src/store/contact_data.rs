//! What a business knows about its customers already: entered by a person or another program, checked, kept.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use utoipa::ToSchema;

use super::error::{Doing, Result};
use super::id::fresh_id;
use super::open::Store;
use crate::conversation::{e164, is_email};

/// A contact as somebody enters it, found or made by its number. What is left out stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactData {
    /// Business key; may be left out where there is one business.
    pub business: Option<String>,
    /// E.164.
    #[schema(required)]
    pub phone: String,
    /// Full name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Date of birth, "1980-02-28".
    pub birth_date: Option<String>,
    /// ZIP or post code.
    pub zip: Option<String>,
    /// Account tier, as `[escalation]` names it.
    pub tier: Option<String>,
    /// BCP 47, "en".
    pub language: Option<String>,
    /// What else there is to know, added once each.
    pub notes: Vec<String>,
}

/// What is wrong with one field, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactFault {
    /// The field.
    pub field: &'static str,
    /// In words.
    pub what: String,
}

impl ContactData {
    /// The same in the form it is kept in, or the first thing wrong with it. Numbers are read as in `country` (ISO 3166)
    /// where there is one, else as E.164 only.
    pub fn checked(self, country: Option<&str>) -> std::result::Result<ContactData, ContactFault> {
        let text = |field: &'static str, given: Option<String>, most: usize| -> std::result::Result<_, ContactFault> {
            let given = given.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
            match &given {
                Some(text) if text.chars().count() > most => {
                    Err(fault(field, format!("longer than {most} characters; shorten it")))
                }
                Some(text) if text.chars().any(|c| c.is_control() && c != '\n') => {
                    Err(fault(field, "has control characters; write plain text"))
                }
                _ => Ok(given),
            }
        };
        let phone = match (self.phone.trim(), country) {
            ("", _) => return Err(fault("phone", "is missing; every contact has a number")),
            (given, None) if !given.starts_with('+') => None,
            (given, country) => e164(given, country.unwrap_or_default()),
        };
        let shown: String = self.phone.chars().take(SHOWN_CHARS).collect();
        let phone =
            phone.ok_or_else(|| fault("phone", format!("{shown:?} is no phone number; write it like +12125550123")))?;
        let email = text("email", self.email, EMAIL_CHARS_MAX)?.map(|email| email.to_lowercase());
        if let Some(email) = email.as_ref().filter(|email| !is_email(email)) {
            return Err(fault("email", format!("{email:?} is no e-mail address; write it like anna@example.com")));
        }
        let birth_date = text("birth_date", self.birth_date, SHOWN_CHARS)?;
        if let Some(date) = birth_date.as_ref().filter(|date| !is_birth_date(date)) {
            return Err(fault("birth_date", format!("{date:?} is no date of birth; write it like 1980-02-28")));
        }
        let language = text("language", self.language, SHOWN_CHARS)?;
        if let Some(tag) = language.as_ref().filter(|tag| !is_tag(tag)) {
            return Err(fault("language", format!("{tag:?} is no language; write it like en or es-MX")));
        }
        let notes: std::result::Result<Vec<_>, _> =
            self.notes.into_iter().map(|note| text("notes", Some(note), NOTE_CHARS_MAX)).collect();
        Ok(ContactData {
            business: self.business,
            phone,
            name: text("name", self.name, NAME_CHARS_MAX)?,
            email,
            birth_date,
            zip: text("zip", self.zip, ZIP_CHARS_MAX)?,
            tier: text("tier", self.tier, NAME_CHARS_MAX)?,
            language,
            notes: notes?.into_iter().flatten().collect(),
        })
    }
}

impl Store {
    /// Writes contacts that were checked, all of them or none; how many are new. Written again they change nothing.
    pub async fn put_contacts(&self, business: &str, contacts: &[ContactData]) -> Result<usize> {
        let sql = "INSERT INTO contacts
                (id, business, phone, name, email, birth_date, zip, tier, more, created_us, updated_us)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, json_patch('{}', json_object('language', $9)), $10, $10)
            ON CONFLICT (business, phone) DO UPDATE SET name = COALESCE(excluded.name, contacts.name),
                email = COALESCE(excluded.email, contacts.email),
                birth_date = COALESCE(excluded.birth_date, contacts.birth_date),
                zip = COALESCE(excluded.zip, contacts.zip), tier = COALESCE(excluded.tier, contacts.tier),
                more = json_patch(contacts.more, excluded.more),
                updated_us = MAX(contacts.updated_us + 1, excluded.updated_us)
            RETURNING id";
        let note =
            "INSERT INTO contact_notes (contact_id, note, created_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let mut tx = self.write().await?;
        let mut added = 0;
        for contact in contacts {
            let new = fresh_id();
            let row = sqlx::query(sql)
                .bind(&new)
                .bind(business)
                .bind(&contact.phone)
                .bind(&contact.name)
                .bind(&contact.email)
                .bind(&contact.birth_date)
                .bind(&contact.zip)
                .bind(&contact.tier)
                .bind(&contact.language)
                .bind(Timestamp::now().as_microsecond())
                .fetch_one(&mut *tx)
                .await
                .doing("write a contact")?;
            let id: String = row.try_get("id").doing("read a contact")?;
            added += usize::from(id == new);
            for text in &contact.notes {
                let query = sqlx::query(note).bind(&id).bind(text).bind(Timestamp::now().as_microsecond());
                query.execute(&mut *tx).await.doing("write a contact's note")?;
            }
        }
        tx.commit().await.doing("commit contacts")?;
        Ok(added)
    }
}

fn fault(field: &'static str, what: impl Into<String>) -> ContactFault {
    ContactFault { field, what: what.into() }
}

/// Of somebody who may call.
fn is_birth_date(text: &str) -> bool {
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    text.parse::<Date>().is_ok_and(|date| date.year() >= FIRST_BIRTH_YEAR && date <= today)
}

/// "en", "es-MX".
fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let main =
        parts.next().is_some_and(|main| (2..=3).contains(&main.len()) && main.bytes().all(|b| b.is_ascii_lowercase()));
    main && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Nobody older calls.
const FIRST_BIRTH_YEAR: i16 = 1900;
/// Longest values kept, characters.
const NAME_CHARS_MAX: usize = 100;
const EMAIL_CHARS_MAX: usize = 254;
const ZIP_CHARS_MAX: usize = 12;
const NOTE_CHARS_MAX: usize = 2000;
/// Longest part of a wrong value that is repeated.
const SHOWN_CHARS: usize = 40;
