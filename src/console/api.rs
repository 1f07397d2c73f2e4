//! The API's reading side: calls, appointments, contacts, outbox.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk::Readiness;
use super::metrics::Gauges;
use super::problem::Problem;
use super::server::Shared;
use crate::call::{CallRecord, CallState};
use crate::gateway::{TrunkState, TrunkStatus};
use crate::record::{Extraction, read_call};
use crate::store::{AppointmentRow, ContactRow, JobRow, JobState, Page};

/// A query string; what does not fit is a problem document.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(Problem::new(StatusCode::BAD_REQUEST, rejection.body_text())),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Calls {
    /// At most this many, 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// Only calls older than the one with this id: the last of the page before.
    before: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Appointments {
    /// At most this many, 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// Only appointments that start at or after this instant (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Contacts {
    /// At most this many, 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// Only the contact with this E.164 number.
    phone: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Outbox {
    /// At most this many, 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// Only rows in this state.
    state: Option<JobState>,
}

/// One call, with what its words say once it is over.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallShown {
    #[serde(flatten)]
    call: CallRecord,
    /// Read out of the transcript; absent while the call runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    extraction: Option<Extraction>,
}

/// Calls, newest first, live ones included.
#[utoipa::path(get, path = "/api/v1/calls", params(Calls), tag = "calls",
    responses((status = 200, description = "Calls", body = [CallRecord]), (status = 400, body = Problem, description = "Bad parameter")))]
pub(super) async fn calls(
    State(shared): State<Arc<Shared>>,
    Asked(asked): Asked<Calls>,
) -> Result<Json<Vec<CallRecord>>, Problem> {
    let limit = limited(asked.limit)?;
    let mut calls = shared.desk.live_calls().await;
    if let Some(before) = &asked.before {
        let start = find(&shared, before).await?.started_at;
        calls.retain(|call| call.started_at < start);
    }
    // A live snapshot is newer than the row of the same call.
    for stored in shared.store.calls(Page { limit, before: asked.before }).await? {
        if !calls.iter().any(|live| live.id == stored.id) {
            calls.push(stored);
        }
    }
    calls.sort_by(|a, b| b.started_at.cmp(&a.started_at).then_with(|| b.id.cmp(&a.id)));
    calls.truncate(limit as usize);
    Ok(Json(calls))
}

/// One call; while it runs, as it stands.
#[utoipa::path(get, path = "/api/v1/calls/{id}", tag = "calls", params(("id" = String, Path, description = "Our id of the call")),
    responses((status = 200, description = "The call", body = CallShown), (status = 404, body = Problem, description = "No such call")))]
pub(super) async fn call(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Result<Json<CallShown>, Problem> {
    let call = find(&shared, &id).await?;
    let business = shared.businesses.iter().find(|business| business.id == call.business);
    let extraction = (call.state == CallState::Ended).then(|| read_call(&call, business.map(Arc::as_ref)));
    Ok(Json(CallShown { call, extraction }))
}

/// The live snapshot, else the stored row.
async fn find(shared: &Shared, id: &str) -> Result<CallRecord, Problem> {
    match shared.desk.live_call(id).await {
        Some(live) => Ok(live),
        None => shared.store.call(id).await?.ok_or_else(|| Problem::not_found("call", id)),
    }
}

/// Appointments, in order of start.
#[utoipa::path(get, path = "/api/v1/appointments", params(Appointments), tag = "results",
    responses((status = 200, description = "Appointments", body = [AppointmentRow]), (status = 400, body = Problem, description = "Bad parameter")))]
pub(super) async fn appointments(
    State(shared): State<Arc<Shared>>,
    Asked(asked): Asked<Appointments>,
) -> Result<Json<Vec<AppointmentRow>>, Problem> {
    Ok(Json(shared.store.appointments(asked.from, limited(asked.limit)?).await?))
}

/// Contacts; with `phone`, the ones that have that number.
#[utoipa::path(get, path = "/api/v1/contacts", params(Contacts), tag = "results",
    responses((status = 200, description = "Contacts", body = [ContactRow]), (status = 400, body = Problem, description = "Bad parameter")))]
pub(super) async fn contacts(
    State(shared): State<Arc<Shared>>,
    Asked(asked): Asked<Contacts>,
) -> Result<Json<Vec<ContactRow>>, Problem> {
    let phone = asked.phone.as_deref().map(as_e164);
    Ok(Json(shared.store.contacts(phone.as_deref(), limited(asked.limit)?).await?))
}

/// Outgoing work, newest first.
#[utoipa::path(get, path = "/api/v1/outbox", params(Outbox), tag = "results",
    responses((status = 200, description = "Outbox rows", body = [JobRow]), (status = 400, body = Problem, description = "Bad parameter")))]
pub(super) async fn outbox(
    State(shared): State<Arc<Shared>>,
    Asked(asked): Asked<Outbox>,
) -> Result<Json<Vec<JobRow>>, Problem> {
    Ok(Json(shared.store.jobs(asked.state, limited(asked.limit)?).await?))
}

/// Trunks we sign in at, and how that stands.
#[utoipa::path(get, path = "/api/v1/trunks", tag = "line",
    responses((status = 200, description = "Trunks", body = [TrunkStatus])))]
pub(super) async fn trunks(State(shared): State<Arc<Shared>>) -> Json<Vec<TrunkStatus>> {
    Json(shared.desk.trunks())
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, description = "Alive")))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether calls can be taken.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, description = "Ready"), (status = 503, description = "Starting, draining or without a database", body = Problem)))]
pub(super) async fn readyz(State(shared): State<Arc<Shared>>) -> Result<&'static str, Problem> {
    let unready = |detail: &str| Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    match shared.desk.readiness() {
        Readiness::Starting => unready("starting: calls cannot be taken yet"),
        Readiness::Draining => unready("draining: no new calls are taken"),
        Readiness::Ready if !shared.store.healthy().await => unready("the database does not answer; see the log"),
        Readiness::Ready => Ok("ready\n"),
    }
}

/// Prometheus metrics.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, description = "Text exposition format", content_type = "text/plain", body = String)))]
pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let mut gauges = Gauges {
        ready: shared.desk.readiness() == Readiness::Ready,
        live_calls: shared.desk.live_calls().await.len(),
        outbox: Vec::new(),
        ages: shared.store.job_ages(now).await?,
        paperwork: shared.meter.counts(),
        endpoints: shared.store.endpoints().await?,
        now,
        reachable: shared.desk.trunks().into_iter().filter_map(|t| Some((t.name, t.health?.reachable))).collect(),
        trunks: shared.desk.trunks().into_iter().map(|t| (t.name, t.state == TrunkState::Registered)).collect(),
    };
    let counts = shared.store.jobs_by_state().await?;
    // Every state but "done", so that a queue that is empty says so.
    for state in JobState::ALL.into_iter().filter(|state| *state != JobState::Done) {
        let count = counts.iter().find(|(one, _)| *one == state).map_or(0, |(_, count)| *count);
        gauges.outbox.push((state.as_str(), count));
    }
    let text = shared.metrics.render(&gauges);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

pub(super) fn limited(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    match (1..=LIMIT_MAX).contains(&limit) {
        true => Ok(limit),
        false => Err(Problem::new(StatusCode::BAD_REQUEST, format!("limit must be between 1 and {LIMIT_MAX}"))),
    }
}

/// A number as people write it in a query: `+` arrives as a space unless it was escaped; spaces and dashes are for eyes.
fn as_e164(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    format!("+{digits}")
}

const LIMIT_DEFAULT: u32 = 50;
/// Rows of one answer: a page, not an export.
const LIMIT_MAX: u32 = 500;
