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
    let mut found: Vec<Record> = Vec::new();
    for by in text("phone").map(Lookup::Phone).into_iter().chain(emails.iter().map(|email| Lookup::Email(email))) {
        // Several who were there may be of one deal.
        let more = crm.find(business, Object::Deal, by).await?;
        found.extend(more.into_iter().filter(|deal| found.iter().all(|known| known.id != deal.id)).collect::<Vec<_>>());
    }
    let count = found.len();
    match (found.pop(), count) {
        (Some(deal), 1) => Ok(deal),
        _ => Err(CrmError::rejected(format!("ambiguous: {count} deals fit, exactly one has to"))),
    }
}

/// What says which deal, and is no change of it.
pub(super) const NAMES: [&str; 4] = ["deal_id", "phone", "email", "call_id"];
