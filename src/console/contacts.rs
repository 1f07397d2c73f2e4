//! The API's writing side: what a business knows about its customers already.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;

use super::problem::Problem;
use super::server::Shared;
use crate::store::{ContactData, ContactRow};

/// Enters a contact, or completes the one with that number; what is left out stays as it was.
#[utoipa::path(put, path = "/api/v1/contacts", request_body = ContactData, tag = "results",
    responses((status = 200, description = "The contact, completed", body = ContactRow), (status = 201, description = "The contact, new", body = ContactRow),
        (status = 400, body = Problem, description = "What is wrong with which field")))]
pub(super) async fn put_contact(
    State(shared): State<Arc<Shared>>,
    body: Bytes,
) -> Result<(StatusCode, Json<ContactRow>), Problem> {
    let wrong = |what: String| Problem::new(StatusCode::BAD_REQUEST, what);
    let given: ContactData = serde_json::from_slice(&body).map_err(|e| wrong(format!("this is no contact: {e}")))?;
    let business = business(&shared, given.business.as_deref()).map_err(wrong)?;
    let contact = given.checked(None).map_err(|fault| wrong(format!("{}: {}", fault.field, fault.what)))?;
    let added = shared.store.put_contacts(&business, std::slice::from_ref(&contact)).await?;
    let row = shared.store.contact_by_phone(&business, &contact.phone).await?;
    let row = row.ok_or_else(|| Problem::not_found("contact", &contact.phone))?;
    Ok((if added > 0 { StatusCode::CREATED } else { StatusCode::OK }, Json(row)))
}

/// The business named, or the only one.
fn business(shared: &Shared, named: Option<&str>) -> Result<String, String> {
    let known = || shared.businesses.iter().map(|one| one.id.as_str()).collect::<Vec<_>>().join(", ");
    match (named, shared.businesses.as_slice()) {
        (Some(named), all) if all.iter().any(|one| one.id == named) => Ok(named.to_owned()),
        (Some(_), _) => Err(format!("business: there is none of that key; known: {}", known())),
        (None, [only]) => Ok(only.id.clone()),
        (None, _) => Err(format!("business: is missing; name one of {}", known())),
    }
}
