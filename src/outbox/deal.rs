//! Which deal was spoken of: exactly one, or a person decides. A deal is never made here.

use crate::crm::{Crm, CrmError, Fields, Lookup, Object, Record};

/// The deal a change names, or the only one of the person it names.
pub(super) async fn target(crm: &dyn Crm, business: &str, wanted: &Fields) -> Result<Record, CrmError> {
    let text =
        |field: &str| wanted.get(field).and_then(|value| value.as_str()).map(str::trim).filter(|t| !t.is_empty());
    if let Some(id) = text("deal_id") {
        let found = crm.read(business, Object::Deal, id).await?;
        return found.ok_or_else(|| CrmError::rejected(format!("there is no deal {id}")));
    }
    let mut found = Vec::new();
    for by in [text("phone").map(Lookup::Phone), text("email").map(Lookup::Email)].into_iter().flatten() {
        found = crm.find(business, Object::Deal, by).await?;
        if !found.is_empty() {
            break;
        }
    }
    let count = found.len();
    match (found.pop(), count) {
        (Some(deal), 1) => Ok(deal),
        _ => Err(CrmError::rejected(format!("ambiguous: {count} deals fit, exactly one has to"))),
    }
}

/// What says which deal, and is no change of it.
pub(super) const NAMES: [&str; 4] = ["deal_id", "phone", "email", "call_id"];
