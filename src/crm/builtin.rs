//! The built-in contact store: the same database as everything else.

use super::provider::{BoxFuture, Contact, Crm, CrmError};
use super::{NewActivity, NewContact, NewTask};
use crate::store::{Store, StoreError};

/// Contacts, activities and tasks in the store.
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
    fn find_by_phone<'a>(
        &'a self,
        business: &'a str,
        phone_e164: &'a str,
    ) -> BoxFuture<'a, Result<Option<Contact>, CrmError>> {
        Box::pin(async move {
            let row = self.store.contact_by_phone(business, phone_e164).await.map_err(retry)?;
            Ok(row.map(|c| Contact {
                birth_date: c.birth_date.and_then(|date| date.parse().ok()),
                zip: c.zip,
                tier: c.tier,
                email: c.email,
                id: c.id,
                phone: c.phone,
                name: c.name,
            }))
        })
    }

    fn upsert_contact<'a>(
        &'a self,
        business: &'a str,
        contact: &'a NewContact,
        _key: &'a str,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(async move {
            if !is_e164(&contact.phone) {
                return Err(rejected(format!("{:?} is not an E.164 number", contact.phone)));
            }
            self.store.upsert_contact(business, contact).await.map_err(retry)
        })
    }

    fn add_activity<'a>(
        &'a self,
        business: &'a str,
        activity: &'a NewActivity,
        key: &'a str,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(async move { self.store.upsert_activity(business, activity, key).await.map_err(retry) })
    }

    fn add_task<'a>(
        &'a self,
        business: &'a str,
        task: &'a NewTask,
        key: &'a str,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(async move { self.store.add_task(business, task, key).await.map_err(retry) })
    }
}

/// A database that fails today (disk full, locked) is tried again; outbox rows are in the same file and as safe.
fn retry(error: StoreError) -> CrmError {
    CrmError::Retry { after: None, reason: error.to_string() }
}

fn rejected(reason: String) -> CrmError {
    CrmError::Rejected { reason }
}

/// A plus sign and at most 15 digits (ITU-T E.164).
fn is_e164(phone: &str) -> bool {
    let digits = phone.strip_prefix('+').unwrap_or_default();
    (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}
