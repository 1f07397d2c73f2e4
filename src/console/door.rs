//! What every request passes on its way in, and every answer on its way out.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::page;
use super::problem::Problem;
use super::server::Shared;

/// Limits, token, time limit, panics; then the headers that every answer carries.
pub(super) async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_string();
    let mut response = match admit(&shared, &request) {
        Ok(()) => answer(request, next).await,
        Err(problem) => problem.into_response(),
    };
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) if problem.instance.is_none() => response = problem.at(&path).into_response(),
        // The framework's own refusals (a path that is not UTF-8) get the same shape.
        None if response.status().is_client_error() || response.status().is_server_error() => {
            response = Problem::new(response.status(), "the request could not be read").at(&path).into_response();
        }
        _ => {}
    }
    harden(response.headers_mut());
    response
}

fn admit(shared: &Shared, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADER_BYTES_MAX {
        let detail = format!("more than {HEADER_BYTES_MAX} bytes of headers");
        return Err(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let path = request.uri().path();
    let ingest = path.starts_with(INGEST);
    let most = if ingest { INGEST_BYTES_MAX } else { BODY_BYTES_MAX };
    if length.unwrap_or(0) > most {
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("more than {most} bytes of body")));
    }
    if ingest || path.starts_with(SHARE) || HEALTH.contains(&path) || page::PATHS.contains(&path) {
        return Ok(());
    }
    match bearer(headers) {
        Some(token) if shared.token.accepts(token) => Ok(()),
        Some(_) => Err(Problem::new(StatusCode::UNAUTHORIZED, "this is not the API token")),
        None => Err(Problem::new(StatusCode::UNAUTHORIZED, "send the API token: `Authorization: Bearer TOKEN`")),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The handler in a task of its own: a panic ends the request, not the connection, and so does the clock.
async fn answer(request: Request, next: Next) -> Response {
    let mut task = tokio::spawn(next.run(request));
    match tokio::time::timeout(ANSWER_TIME_MAX, &mut task).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!("an API request panicked");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "a defect of offhook; see the log").into_response()
        }
        Err(_) => {
            task.abort();
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no answer in time; try again").into_response()
        }
    }
}

fn harden(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Callers' data stays out of shared caches; the page's files say otherwise themselves.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Any path we do not have.
pub(super) async fn nothing_here(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "nothing is here; /api/v1/openapi.json lists what there is").at(uri.path())
}

/// A path we have, asked for with a method it does not take.
pub(super) async fn wrong_method(uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take that method").at(uri.path())
}

const HEALTH: [&str; 2] = ["/healthz", "/readyz"];
/// What comes here is signed by who sends it.
const INGEST: &str = "/ingest/";
/// What is shown here is signed by us.
const SHARE: &str = "/share/";
/// A day's transcript.
pub(super) const INGEST_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// A bearer token, cookies of other tools on the same host, and room to spare.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Of the API's own requests.
const BODY_BYTES_MAX: u64 = 64 * 1024;
/// From request to the head of the answer; a store that takes longer is down.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                   base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
