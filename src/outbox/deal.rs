//! Which deal was spoken of: exactly one, or a person decides. A deal is never made here.

use super::merge::texts;
use crate::crm::{Crm, CrmError, Fields, Lookup, Object, Record};

/// The deal a change names, or the only one of those it names.
pub(super) async fn target(crm: &dyn Crm, business: &str, wanted: &Fields) -> Result<Record, CrmError> {
    let text =
        |field: &str| wanted.get(field).and_then(|value| value.as_str()).map(str::trim).filter(|t| !t.is_empty());
    if let Some(id) = text("deal_id") {
        let found = crm.read(business, Object::Deal, id).await?;
        return found.ok_or_else(|| CrmError::rejected(format!("there is no deal {id}")));
    }
    let emails = texts(wanted.get("email"));
    let marks: Vec<Lookup<'_>> =
        text("phone").map(Lookup::Phone).into_iter().chain(emails.iter().map(|email| Lookup::Email(email))).collect();
    let mut found = all(crm, business, Object::Deal, &marks).await?;
    // Most CRMs know a deal's people, and them by number and address.
    if found.is_empty() {
        let people = all(crm, business, Object::Contact, &marks).await?;
        let theirs: Vec<_> = people.iter().map(|contact| Lookup::Contact(&contact.id)).collect();
        found = all(crm, business, Object::Deal, &theirs).await?;
    }
    let count = found.len();
    match (found.pop(), count) {
        (Some(deal), 1) => Ok(deal),
        _ => Err(CrmError::rejected(format!("ambiguous: {count} deals fit, exactly one has to"))),
    }
}

/// Everything found by one of the marks, each once: several who were there may be of one deal.
async fn all(crm: &dyn Crm, business: &str, object: Object, marks: &[Lookup<'_>]) -> Result<Vec<Record>, CrmError> {
    let mut found: Vec<Record> = Vec::new();
    for by in marks {
        let more = crm.find(business, object, *by).await?;
        found.extend(more.into_iter().filter(|one| found.iter().all(|known| known.id != one.id)).collect::<Vec<_>>());
    }
    Ok(found)
}

/// What says which deal, and is no change of it.
pub(super) const NAMES: [&str; 4] = ["deal_id", "phone", "email", "call_id"];
