//! What every CRM can do: find, read, create, update, delete. What to write, and whether it may be written at all, is
//! decided above this trait, so that every CRM is treated alike.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::schema::Schema;
use super::{Fields, Object, Record};

/// A future behind a pointer, so that providers can be chosen at run time.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where contacts, activities, tasks and deals live.
///
/// Nothing here retries, matches or merges: a [`CrmError`] says what can be done about a failure, the outbox does it.
pub trait Crm: Send + Sync {
    /// The word of the configuration ("builtin").
    fn name(&self) -> &'static str;

    /// What the CRM keeps of each object.
    fn describe<'a>(&'a self) -> BoxFuture<'a, Result<Schema, CrmError>>;

    /// Every record that fits, at most [`FOUND_MAX`]: never "the first". A look-up the CRM has no way to answer finds
    /// nothing.
    fn find<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        by: Lookup<'a>,
    ) -> BoxFuture<'a, Result<Vec<Record>, CrmError>>;

    /// One record; none when it is not there (any more).
    fn read<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Record>, CrmError>>;

    /// Makes a record that can be found again by `key`; its id. Where the CRM has external ids, a second create with
    /// the key makes nothing and answers the same id; where it has none, the caller has looked first.
    fn create<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        key: &'a str,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<String, CrmError>>;

    /// Sets the fields given and leaves the others. With `version`, only while the record is still that one.
    fn update<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        id: &'a str,
        version: Option<&'a str>,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<(), CrmError>>;

    /// Takes a record away; one that is gone already is fine.
    fn delete<'a>(&'a self, business: &'a str, object: Object, id: &'a str) -> BoxFuture<'a, Result<(), CrmError>>;
}

/// What a record is looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// The idempotency key it was made with.
    Key(&'a str),
    /// Number, E.164.
    Phone(&'a str),
    /// Address, any case.
    Email(&'a str),
    /// Full name and post code together.
    NameZip {
        /// Full name, any case.
        name: &'a str,
        /// ZIP or post code.
        zip: &'a str,
    },
    /// The contact it belongs to, by the CRM's id. Of deals only those that are open, where the CRM tells.
    Contact(&'a str),
}

/// Why the CRM did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrmError {
    /// It was not done and may work later: unreachable before anything was sent, overloaded, locked.
    #[error("the CRM failed for now: {reason}")]
    Retry {
        /// The wait the CRM asked for (Retry-After).
        after: Option<Duration>,
        /// Its words.
        reason: String,
    },
    /// It may have been done: no answer after it was sent. Whoever asked reads back before trying again.
    #[error("nobody knows whether the CRM did it: {reason}")]
    Unknown {
        /// What happened to the answer.
        reason: String,
    },
    /// It will never accept this as it is: a person has to look.
    #[error("the CRM refuses it: {reason}")]
    Rejected {
        /// offhook's name of the field it does not like, where it says.
        field: Option<String>,
        /// Its words.
        reason: String,
    },
    /// It does not know us (any more): the token was refused, also after one refresh.
    #[error("the CRM does not let us in: {reason}")]
    Unauthorized {
        /// Its words.
        reason: String,
    },
    /// Somebody else changed the record meanwhile: read again, then try again.
    #[error("the record has changed meanwhile: {reason}")]
    Conflict {
        /// Its words.
        reason: String,
    },
    /// The record was deleted.
    #[error("the record is gone")]
    Gone,
}

impl CrmError {
    /// A refusal that names no field.
    pub fn rejected(reason: impl Into<String>) -> CrmError {
        CrmError::Rejected { field: None, reason: reason.into() }
    }
}

/// Records a look-up answers at most: with more than one, a person decides anyway.
pub const FOUND_MAX: usize = 10;
