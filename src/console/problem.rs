//! Errors as RFC 9457 problem documents.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::StoreError;

/// An RFC 9457 problem document, sent as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// URI of the kind of problem; "about:blank" means that the status says it all.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: String,
    /// HTTP status, repeated.
    pub status: u16,
    /// What was wrong with this request, and how to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The path asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

impl Problem {
    /// A problem whose status says what it is.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_string(),
            status: status.as_u16(),
            detail: Some(detail.into()),
            instance: None,
        }
    }

    /// 404 for a thing that has an id.
    pub(super) fn not_found(what: &str, id: &str) -> Self {
        let shown: String = id.chars().take(ID_CHARS_SHOWN).collect();
        Self::new(StatusCode::NOT_FOUND, format!("there is no {what} {shown:?}"))
    }

    /// The same problem, naming the path it happened at.
    pub(super) fn at(mut self, path: &str) -> Self {
        self.instance = Some(path.to_string());
        self
    }
}

impl From<StoreError> for Problem {
    /// What the database said goes to the log, not to the client.
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the API could not read the store");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the database could not be read; see the log")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"offhook\""));
        }
        // The door adds the path it knows and the handler does not.
        response.extensions_mut().insert(self);
        response
    }
}

/// Longest piece of a client's id repeated back.
const ID_CHARS_SHOWN: usize = 64;
