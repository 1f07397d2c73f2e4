//! Whose call it was: the number first, then the address, then what somebody has called from or given before, then name
//! and post code.
//! One fit is the contact; several are for a person to decide, and no new contact is made where one may exist.
//!
//! A number or an address may be shared. Who is plainly somebody else by name is not mixed up with whom it belongs to.

use super::merge::texts;
use super::namesake::plainly_other;
use super::write::Wanted;
use crate::crm::{Crm, CrmError, Fields, Lookup, Object, Record};

/// What the CRM knows of somebody.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Match {
    /// Nobody fits.
    Nobody,
    /// Exactly this one; and who else has the address, a candidate for merging.
    One(Box<Record>, Option<String>),
    /// Somebody else on this one's line.
    Guest(Box<Record>),
    /// More than one could be meant.
    Several {
        /// What they have in common.
        by: &'static str,
        /// Their ids.
        ids: Vec<String>,
    },
}

/// Looks for somebody by what is known of them.
pub(super) async fn find(crm: &dyn Crm, wanted: Wanted<'_>) -> Result<Match, CrmError> {
    let Wanted { business, fields, .. } = wanted;
    if let Some(phone) = text(fields, "phone") {
        let found = crm.find(business, Object::Contact, Lookup::Phone(phone)).await?;
        if !found.is_empty() {
            return on_line(crm, wanted, chosen("phone", found)).await;
        }
    }
    if let Some(email) = text(fields, "email") {
        let found = crm.find(business, Object::Contact, Lookup::Email(email)).await?;
        if !found.is_empty() {
            return at_address(crm, wanted, found).await;
        }
    }
    let known = formerly(crm, wanted).await?;
    if !known.is_empty() {
        return Ok(chosen("former number or address", known));
    }
    if let (Some(name), Some(zip)) = (text(fields, "name"), text(fields, "zip")) {
        let found = crm.find(business, Object::Contact, Lookup::NameZip { name, zip }).await?;
        // A namesake next door has an address or a birthday of their own.
        if found.iter().any(|record| contradicts(record, fields)) {
            return Ok(Match::Several { by: "name and ZIP", ids: found.into_iter().map(|record| record.id).collect() });
        }
        return Ok(chosen("name and ZIP", found));
    }
    Ok(Match::Nobody)
}

/// The number is one contact's. An address that is somebody else's is not given to a second person: the two may be one,
/// which a person decides; unless the name says as well whose it is.
async fn on_line(crm: &dyn Crm, wanted: Wanted<'_>, found: Match) -> Result<Match, CrmError> {
    let Match::One(one, _) = found else { return Ok(found) };
    let other = is_other(&one, wanted.fields);
    let Some(email) = text(wanted.fields, "email").filter(|_| other || one.text("email").is_none()) else {
        return Ok(if other { Match::Guest(one) } else { Match::One(one, None) });
    };
    let mut others = crm.find(wanted.business, Object::Contact, Lookup::Email(email)).await?;
    others.retain(|record| record.id != one.id);
    if !other {
        return Ok(Match::One(one, others.into_iter().next().map(|twin| twin.id)));
    }
    others.retain(|record| named(record).is_some() && !is_other(record, wanted.fields));
    Ok(match (others.pop(), others.is_empty()) {
        (Some(caller), true) => Match::One(Box::new(caller), None),
        _ => Match::Guest(one),
    })
}

/// A family's address is nobody's alone.
async fn at_address(crm: &dyn Crm, wanted: Wanted<'_>, found: Vec<Record>) -> Result<Match, CrmError> {
    let ids = found.iter().map(|record| record.id.clone()).collect();
    let fits: Vec<_> = found.into_iter().filter(|record| !is_other(record, wanted.fields)).collect();
    let fits = if fits.is_empty() { formerly(crm, wanted).await? } else { fits };
    Ok(match fits.is_empty() {
        true => Match::Several { by: "email, under another name", ids },
        false => chosen("email", fits),
    })
}

/// Whom former calls from this number or with this address were about, if the contact still says so.
async fn formerly(crm: &dyn Crm, wanted: Wanted<'_>) -> Result<Vec<Record>, CrmError> {
    let given = [text(wanted.fields, "phone"), text(wanted.fields, "email")];
    let given: Vec<String> = given.into_iter().flatten().map(str::to_lowercase).collect();
    let mut fits = Vec::new();
    for id in wanted.formerly {
        let record = crm.read(wanted.business, Object::Contact, id).await?;
        let says = |record: &Record| {
            let lines = record.fields.values().flat_map(|value| texts(Some(value)));
            let mut own = lines.filter(|line| !line.starts_with(GUEST)).map(|line| line.to_lowercase());
            own.any(|line| given.iter().any(|given| line.contains(given.as_str())))
        };
        fits.extend(record.filter(|record| says(record) && !is_other(record, wanted.fields)));
    }
    Ok(fits)
}

fn chosen(by: &'static str, mut found: Vec<Record>) -> Match {
    match (found.pop(), found.is_empty()) {
        (None, _) => Match::Nobody,
        (Some(one), true) => Match::One(Box::new(one), None),
        (Some(last), false) => {
            found.push(last);
            Match::Several { by, ids: found.into_iter().map(|record| record.id).collect() }
        }
    }
}

/// Whether something known of both is different.
fn contradicts(record: &Record, wanted: &Fields) -> bool {
    ["email", "birth_date"].into_iter().any(|field| {
        text(wanted, field).zip(record.text(field)).is_some_and(|(given, stored)| !given.eq_ignore_ascii_case(stored))
    })
}

/// Whether the name given is plainly not the contact's.
fn is_other(record: &Record, wanted: &Fields) -> bool {
    text(wanted, "name").zip(named(record)).is_some_and(|(said, known)| plainly_other(said, &known))
}

/// The name in one, however the CRM keeps it.
pub(super) fn named(record: &Record) -> Option<String> {
    let parts = [record.text("first_name"), record.text("last_name")];
    let joined = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    record.text("name").map(str::to_owned).or(Some(joined).filter(|name| !name.is_empty()))
}

/// What a field says; none when that is nothing.
pub(super) fn text<'a>(fields: &'a Fields, field: &str) -> Option<&'a str> {
    fields.get(field).and_then(|value| value.as_str()).map(str::trim).filter(|text| !text.is_empty())
}

/// How a note begins that is about somebody else on a contact's line.
pub(super) const GUEST: &str = "Somebody else on this line gave";
