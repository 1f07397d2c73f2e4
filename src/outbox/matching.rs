//! Whose call it was: the number first, then the address, then name and post code. One fit is the contact; several are
//! for a person to decide, and no new contact is made where one may exist.

use crate::crm::{Crm, CrmError, Fields, Lookup, Object, Record};

/// What the CRM knows of somebody.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Match {
    /// Nobody fits.
    Nobody,
    /// Exactly this one; and who else has the address, a candidate for merging.
    One(Box<Record>, Option<String>),
    /// More than one could be meant.
    Several {
        /// What they have in common.
        by: &'static str,
        /// Their ids.
        ids: Vec<String>,
    },
}

/// Looks for somebody by what is known of them.
pub(super) async fn find(crm: &dyn Crm, business: &str, wanted: &Fields) -> Result<Match, CrmError> {
    let text =
        |field: &str| wanted.get(field).and_then(|value| value.as_str()).map(str::trim).filter(|t| !t.is_empty());
    if let Some(phone) = text("phone") {
        let found = crm.find(business, Object::Contact, Lookup::Phone(phone)).await?;
        if !found.is_empty() {
            return with_twin(crm, business, chosen("phone", found), text("email")).await;
        }
    }
    if let Some(email) = text("email") {
        let found = crm.find(business, Object::Contact, Lookup::Email(email)).await?;
        if !found.is_empty() {
            return Ok(chosen("email", found));
        }
    }
    if let (Some(name), Some(zip)) = (text("name"), text("zip")) {
        let found = crm.find(business, Object::Contact, Lookup::NameZip { name, zip }).await?;
        // A namesake next door has an address or a birthday of their own.
        if found.iter().any(|record| contradicts(record, wanted)) {
            return Ok(Match::Several { by: "name and ZIP", ids: found.into_iter().map(|record| record.id).collect() });
        }
        return Ok(chosen("name and ZIP", found));
    }
    Ok(Match::Nobody)
}

/// An address that is somebody else's is not given to a second person: the two may be one, which a person decides.
async fn with_twin(crm: &dyn Crm, business: &str, found: Match, email: Option<&str>) -> Result<Match, CrmError> {
    let (Match::One(one, _), Some(email)) = (&found, email) else { return Ok(found) };
    if one.text("email").is_some() {
        return Ok(found);
    }
    let others = crm.find(business, Object::Contact, Lookup::Email(email)).await?;
    let twin = others.into_iter().find(|other| other.id != one.id).map(|other| other.id);
    Ok(Match::One(one.clone(), twin))
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
        let given = wanted.get(field).and_then(|value| value.as_str()).map(str::trim).filter(|t| !t.is_empty());
        given.zip(record.text(field)).is_some_and(|(given, stored)| !given.eq_ignore_ascii_case(stored))
    })
}
