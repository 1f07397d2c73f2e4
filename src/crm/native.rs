//! A CRM in its own words: what each connector has to say, under the names of its API.

use std::future::Future;

use serde_json::{Map, Value};

use super::CrmError;
use super::mapping::Table;

/// Properties and their values.
pub(super) type Values = Map<String, Value>;

/// A record as the CRM has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) version: Option<String>,
    pub(super) values: Values,
}

/// What is searched for; everything that may fit is answered, and looked at again by whoever asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Search<'a> {
    /// The key, in the table's property or as a marked line.
    Key(&'a str),
    /// A number: as E.164, and as it is dialled within its country.
    Phone { property: &'a str, e164: &'a str, national: &'a str },
    /// These values, all of them.
    Are(Vec<(&'a str, &'a str)>),
    /// What is linked to a contact, where the mapping tells by which property; of deals those that are open.
    Of { property: Option<&'a str>, contact: &'a str },
}

/// One property of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Property {
    pub(super) holds: Holds,
    pub(super) required: bool,
    pub(super) read_only: bool,
    /// What may be written, where there is a list.
    pub(super) choices: Vec<String>,
    pub(super) max_chars: Option<usize>,
}

/// What a property holds, as coarsely as a mapping tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Number,
    Bool,
    Date,
    DateTime,
    Pick,
    List,
    Link,
    /// Something a mapping cannot be wrong about.
    Anything,
}

/// What a connector does. Writes may be repeated under the same key; links in `values` are ids of records.
pub(super) trait Native: Send + Sync {
    /// The word of the configuration.
    const NAME: &'static str;
    /// Whether the CRM itself refuses a write to a version that moved on.
    const VERSIONS: bool = false;

    /// The properties of an object by name; none where the CRM does not tell.
    fn properties(
        &self,
        table: &Table,
    ) -> impl Future<Output = Result<Option<Vec<(String, Property)>>, CrmError>> + Send;

    fn search(&self, table: &Table, what: &Search<'_>) -> impl Future<Output = Result<Vec<Row>, CrmError>> + Send;

    fn get(&self, table: &Table, id: &str) -> impl Future<Output = Result<Option<Row>, CrmError>> + Send;

    fn insert(&self, table: &Table, key: &str, values: Values)
    -> impl Future<Output = Result<String, CrmError>> + Send;

    fn change(
        &self,
        table: &Table,
        id: &str,
        version: Option<&str>,
        values: Values,
    ) -> impl Future<Output = Result<(), CrmError>> + Send;

    fn remove(&self, table: &Table, id: &str) -> impl Future<Output = Result<(), CrmError>> + Send;
}

impl Property {
    pub(super) fn new(holds: Holds) -> Property {
        Property { holds, required: false, read_only: false, choices: Vec::new(), max_chars: None }
    }
}
