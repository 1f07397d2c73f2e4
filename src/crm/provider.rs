//! What every CRM can do.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::{NewActivity, NewContact, NewTask};

/// A future behind a pointer, so that providers can be chosen at run time.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where contacts, activities and tasks live.
///
/// Every write carries an idempotency key and may be repeated: a second write with the same key has no second effect
/// and answers with the same id. Providers without such keys look before they write.
pub trait Crm: Send + Sync {
    /// The contact with that number; asked while the phone rings, so callers put a deadline on it.
    fn find_by_phone<'a>(
        &'a self,
        business: &'a str,
        phone_e164: &'a str,
    ) -> BoxFuture<'a, Result<Option<Contact>, CrmError>>;

    /// Makes the contact, or completes the one with that number, else with that e-mail address: what is empty is filled,
    /// what differs is noted and never overwrites; where the two are two people, nothing is merged and a task says so.
    /// The contact's id.
    fn upsert_contact<'a>(
        &'a self,
        business: &'a str,
        contact: &'a NewContact,
        key: &'a str,
    ) -> BoxFuture<'a, Result<String, CrmError>>;

    /// Writes the call as one activity. The activity's id.
    fn add_activity<'a>(
        &'a self,
        business: &'a str,
        activity: &'a NewActivity,
        key: &'a str,
    ) -> BoxFuture<'a, Result<String, CrmError>>;

    /// Writes a follow-up. The task's id.
    fn add_task<'a>(
        &'a self,
        business: &'a str,
        task: &'a NewTask,
        key: &'a str,
    ) -> BoxFuture<'a, Result<String, CrmError>>;
}

/// A contact as a call needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The CRM's id.
    pub id: String,
    /// E.164.
    pub phone: String,
    /// Full name, when known.
    pub name: Option<String>,
    /// Date of birth, when known.
    pub birth_date: Option<jiff::civil::Date>,
    /// ZIP or post code, when known.
    pub zip: Option<String>,
    /// Account tier, when there are any.
    pub tier: Option<String>,
    /// E-mail address, when known.
    pub email: Option<String>,
}

/// Why the CRM did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrmError {
    /// It may work later: unreachable, overloaded, locked.
    #[error("the CRM failed for now: {reason}")]
    Retry {
        /// The wait the CRM asked for (Retry-After).
        after: Option<Duration>,
        /// Its words.
        reason: String,
    },
    /// It will never accept this as it is: a person has to look.
    #[error("the CRM refuses it: {reason}")]
    Rejected {
        /// Its words.
        reason: String,
    },
}
