//! One effect on the CRM, brought about exactly once: look, write what is missing, read back, compare.
//!
//! ```text
//! find by key --found--> merge, policy --nothing to set------------------+
//!    | nobody              \--update--+                                  v
//!    v                                v                             read back --all kept--> written
//! match (contacts) --one--> merge   answer lost: read back           |  \--a field missing--> set once more, then partial
//!    | nobody    \--several--> review                                +--not there: silent, tried again
//!    v
//! create --answer lost--> find by key
//! ```

use serde_json::Value;

use super::deal;
use super::fit::fit;
use super::matching::{self, GUEST, Match};
use super::merge::{alike, is_empty, merged};
use crate::crm::{Crm, CrmError, Fields, Lookup, Object, Record, Schema};
use crate::record::{Mutation, Permit, Policy, Source, Verdict};

/// What is to be there afterwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) business: &'a str,
    pub(super) object: Object,
    /// Idempotency key.
    pub(super) key: &'a str,
    pub(super) fields: &'a Fields,
    /// Contacts that former calls from this number, or with this address, were about.
    pub(super) formerly: &'a [String],
}

/// What is there now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    /// The CRM's id.
    pub(super) id: String,
    /// As it was, when it was there before.
    pub(super) before: Option<Record>,
    /// What was set.
    pub(super) set: Fields,
    /// As it was read back.
    pub(super) after: Record,
}

/// Who stands before the CRM: the last to see what is about to change, whichever way it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gatekeeper<'a> {
    pub(super) policy: &'a Policy,
    pub(super) source: Source,
    /// A person said yes.
    pub(super) approved: bool,
}

/// Why it is not there.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stopped {
    /// A person has to say yes first.
    Asked(String),
    /// The policy forbids it.
    Refused(String),
    /// The CRM did not do it.
    Crm(CrmError),
}

impl From<CrmError> for Stopped {
    fn from(error: CrmError) -> Stopped {
        Stopped::Crm(error)
    }
}

/// Brings it about. What a race or a deletion undoes is looked at afresh, a few times.
pub(super) async fn write(
    crm: &dyn Crm,
    schema: &Schema,
    gatekeeper: Gatekeeper<'_>,
    wanted: Wanted<'_>,
) -> Result<Written, Stopped> {
    let known = known(schema, &wanted);
    let wanted = Wanted { fields: &known, ..wanted };
    let mut last = String::new();
    for _ in 0..ROUNDS_MAX {
        match round(crm, gatekeeper, wanted).await {
            Err(Stopped::Crm(error @ (CrmError::Conflict { .. } | CrmError::Gone))) => last = error.to_string(),
            done => return done,
        }
    }
    Err(CrmError::Retry { after: None, reason: last }.into())
}

impl Gatekeeper<'_> {
    fn passes(&self, object: Object, stored: Option<&Record>, set: &Fields) -> Result<(), Stopped> {
        let stored = stored.map(|record| &record.fields);
        let mutation = Mutation { object: object.as_str(), stored, set, source: self.source, approved: self.approved };
        match self.policy.guard(&mutation) {
            Verdict::Go => Ok(()),
            Verdict::Ask(why) => Err(Stopped::Asked(why)),
            Verdict::Refuse(why) => Err(Stopped::Refused(why)),
        }
    }

    /// Fields that only grow.
    fn grows(&self, object: Object, field: &str) -> bool {
        self.policy.mode(object.as_str(), field, self.source) == Permit::Append
    }
}

/// The fields the CRM has a place for.
fn known(schema: &Schema, wanted: &Wanted<'_>) -> Fields {
    let has = |field: &str| {
        let field = schema.field(wanted.object, field);
        field.map_or(schema.open, |field| !field.read_only)
    };
    // An empty value says nothing; several CRMs refuse it.
    let says = |value: &Value| !is_empty(value);
    // Whose it is, is never guessed: one of us the mapping does not name owns nothing.
    let owned = |field: &str, value: &Value| {
        let owner = schema.field(wanted.object, field).filter(|_| field == OWNER);
        owner.is_none_or(|owner| value.as_str().is_some_and(|value| owner.choices.iter().any(|known| known == value)))
    };
    // By these a deal is found, whether it has a place for them or not.
    let names = |field: &str| wanted.object == Object::Deal && deal::NAMES.contains(&field);
    let known = wanted
        .fields
        .iter()
        .filter(|(field, value)| says(value) && owned(field, value) && (has(field) || names(field)));
    let mut known = known.map(|(field, value)| (field.clone(), value.clone())).collect();
    fit(schema, wanted.object, &mut known);
    known
}

async fn round(crm: &dyn Crm, gatekeeper: Gatekeeper<'_>, wanted: Wanted<'_>) -> Result<Written, Stopped> {
    let Target { record, own, twin, guest } = target(crm, wanted).await?;
    let Some(stored) = record else {
        gatekeeper.passes(wanted.object, None, wanted.fields)?;
        return Ok(created(crm, wanted).await?);
    };
    let fields = match twin {
        Some(twin) => without_address(wanted.fields, &twin),
        None if guest => as_guest(wanted.fields),
        None => wanted.fields.clone(),
    };
    let grows = |field: &str| gatekeeper.grows(wanted.object, field);
    let set = merged(wanted.object, own, &stored, &fields, &grows);
    if set.is_empty() {
        return Ok(Written { id: stored.id.clone(), before: Some(stored.clone()), set, after: stored });
    }
    let Wanted { business, object, .. } = wanted;
    gatekeeper.passes(object, Some(&stored), &set)?;
    match crm.update(business, object, &stored.id, stored.version.as_deref(), &set).await {
        // Reading back says whether it happened.
        Ok(()) | Err(CrmError::Unknown { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let after = verified(crm, wanted, &stored.id, &set).await?;
    Ok(Written { id: stored.id.clone(), before: Some(stored), set, after })
}

/// The record to write to.
struct Target {
    /// None when it has yet to be made.
    record: Option<Record>,
    /// Made under this very key.
    own: bool,
    /// Another contact that has the address.
    twin: Option<String>,
    /// Somebody else on the contact's line.
    guest: bool,
}

impl Target {
    fn of(record: Option<Record>, own: bool) -> Target {
        Target { record, own, twin: None, guest: false }
    }
}

async fn target(crm: &dyn Crm, wanted: Wanted<'_>) -> Result<Target, CrmError> {
    if wanted.object == Object::Deal {
        return Ok(Target::of(Some(deal::target(crm, wanted.business, wanted.fields).await?), false));
    }
    let own = by_key(crm, wanted).await?;
    if own.is_some() || wanted.object != Object::Contact {
        return Ok(Target::of(own, true));
    }
    match matching::find(crm, wanted).await? {
        Match::Nobody => Ok(Target::of(None, true)),
        Match::One(record, twin) => Ok(Target { twin, ..Target::of(Some(*record), false) }),
        Match::Guest(record) => Ok(Target { guest: true, ..Target::of(Some(*record), false) }),
        Match::Several { by, ids } => {
            Err(CrmError::rejected(format!("ambiguous: {} contacts have this {by}: {}", ids.len(), ids.join(", "))))
        }
    }
}

/// A merge candidate is noted where whoever reads the contact finds it.
fn without_address(fields: &Fields, twin: &str) -> Fields {
    let mut fields = fields.clone();
    let Some(email) = fields.remove("email") else { return fields };
    let note = format!("May be the same person as {twin}: both use {}", email.as_str().unwrap_or_default());
    let notes = fields.entry("notes".to_owned()).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(notes) = notes {
        notes.push(Value::String(note));
    }
    fields
}

/// Nothing of the caller's becomes the contact's: what was given is noted, the name by the merge.
fn as_guest(fields: &Fields) -> Fields {
    let mut fields = fields.clone();
    let given: Vec<Value> = GUEST_FIELDS.iter().filter_map(|field| fields.remove(*field)).collect();
    let given: Vec<&str> = given.iter().filter_map(Value::as_str).collect();
    if !given.is_empty() {
        let notes = fields.entry("notes".to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(notes) = notes {
            notes.push(Value::String(format!("{GUEST} {}", given.join(", "))));
        }
    }
    fields
}

async fn created(crm: &dyn Crm, wanted: Wanted<'_>) -> Result<Written, CrmError> {
    let Wanted { business, object, key, fields, .. } = wanted;
    let id = match crm.create(business, object, key, fields).await {
        Ok(id) => id,
        Err(CrmError::Unknown { reason }) => match by_key(crm, wanted).await? {
            Some(made) => made.id,
            None => return Err(CrmError::Unknown { reason }),
        },
        Err(error) => return Err(error),
    };
    let after = verified(crm, wanted, &id, fields).await?;
    Ok(Written { id, before: None, set: fields.clone(), after })
}

/// The record made under the key. A CRM without external ids may have made it twice, when a write that was given up
/// arrived after all: the first one stays.
async fn by_key(crm: &dyn Crm, wanted: Wanted<'_>) -> Result<Option<Record>, CrmError> {
    let Wanted { business, object, key, .. } = wanted;
    let mut made = crm.find(business, object, Lookup::Key(key)).await?.into_iter();
    let first = made.next();
    for twin in made {
        tracing::warn!(key, id = twin.id, "made twice: the second is taken away");
        crm.delete(business, object, &twin.id).await?;
    }
    Ok(first)
}

/// Reads back and compares; a field that was not kept is set once more.
async fn verified(crm: &dyn Crm, wanted: Wanted<'_>, id: &str, set: &Fields) -> Result<Record, CrmError> {
    let Wanted { business, object, .. } = wanted;
    let mut missing = Vec::new();
    for try_again in [true, false] {
        let Some(record) = crm.read(business, object, id).await? else {
            return Err(CrmError::Retry { after: None, reason: format!("silent: {object} {id} is not there") });
        };
        missing = unkept(&record, set);
        if missing.is_empty() {
            return Ok(record);
        }
        if try_again {
            let again: Fields = missing.iter().filter_map(|f| Some((f.clone(), set.get(f)?.clone()))).collect();
            match crm.update(business, object, id, record.version.as_deref(), &again).await {
                Ok(()) | Err(CrmError::Unknown { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let reason = format!("partial: {object} {id} did not keep {}", missing.join(", "));
    Err(CrmError::Rejected { field: missing.into_iter().next(), reason })
}

/// Fields that read back otherwise than they were sent.
fn unkept(record: &Record, sent: &Fields) -> Vec<String> {
    let kept = |field: &str, value: &Value| record.fields.get(field).is_some_and(|stored| alike(stored, value));
    sent.iter().filter(|(field, value)| !kept(field, value)).map(|(field, _)| field.clone()).collect()
}

const OWNER: &str = "owner";
/// What a guest on a line says of themselves.
const GUEST_FIELDS: [&str; 4] = ["email", "zip", "birth_date", "tier"];
/// How often one delivery starts over when somebody else was faster.
const ROUNDS_MAX: usize = 4;
