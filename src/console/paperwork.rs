//! The API's deciding side: approvals, dead letters, the audit.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::api::{Asked, limited};
use super::problem::Problem;
use super::server::Shared;
use crate::store::{AuditAction, AuditCheck, AuditRow, AuditSearch, JobRow};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Approvals {
    /// At most this many, 1 to 500; 50 when absent.
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Audit {
    /// At most this many, 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// Only steps of this call or meeting.
    correlation_id: Option<String>,
    /// Only steps about this record of the CRM.
    object_id: Option<String>,
    /// Only such steps.
    action: Option<AuditAction>,
    /// Only steps about this field.
    field: Option<String>,
    /// Only rows with a number above this one: the last of the page before.
    after: Option<i64>,
}

/// A person's word on a row.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Decision {
    /// Who decides; it goes into the audit.
    by: String,
    /// Why.
    note: Option<String>,
}

/// What a person is asked about, oldest first.
#[utoipa::path(get, path = "/api/v1/approvals", params(Approvals), tag = "paperwork",
    responses((status = 200, description = "Outbox rows that await approval", body = [JobRow]), (status = 400, body = Problem, description = "Bad parameter")))]
pub(super) async fn approvals(
    State(shared): State<Arc<Shared>>,
    Asked(asked): Asked<Approvals>,
) -> Result<Json<Vec<JobRow>>, Problem> {
    Ok(Json(shared.store.approvals(limited(asked.limit)?).await?))
}

/// Says yes: the row is delivered.
#[utoipa::path(post, path = "/api/v1/approvals/{id}/approve", tag = "paperwork", request_body = Decision,
    params(("id" = i64, Path, description = "Row number")),
    responses((status = 200, description = "The row", body = JobRow), (status = 404, body = Problem, description = "No such row"),
        (status = 409, body = Problem, description = "Nobody is asked about it (any more)")))]
pub(super) async fn approve(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<i64>,
    Json(decision): Json<Decision>,
) -> Result<Json<JobRow>, Problem> {
    decide(&shared, id, true, &decision).await
}

/// Says no: the row is never delivered; what waits for it goes without it.
#[utoipa::path(post, path = "/api/v1/approvals/{id}/reject", tag = "paperwork", request_body = Decision,
    params(("id" = i64, Path, description = "Row number")),
    responses((status = 200, description = "The row", body = JobRow), (status = 404, body = Problem, description = "No such row"),
        (status = 409, body = Problem, description = "Nobody is asked about it (any more)")))]
pub(super) async fn reject(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<i64>,
    Json(decision): Json<Decision>,
) -> Result<Json<JobRow>, Problem> {
    decide(&shared, id, false, &decision).await
}

async fn decide(shared: &Shared, id: i64, yes: bool, decision: &Decision) -> Result<Json<JobRow>, Problem> {
    let by = decision.by.trim();
    if by.is_empty() {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "by names who decides"));
    }
    let heard = shared.store.decide_job(id, yes, by, decision.note.as_deref(), Timestamp::now()).await?;
    let row = row(shared, id).await?;
    match heard {
        true => Ok(Json(row)),
        false => Err(Problem::new(StatusCode::CONFLICT, format!("row {id} is {}", row.state.as_str()))),
    }
}

/// Makes a parked or retrying row ready at once.
#[utoipa::path(post, path = "/api/v1/outbox/{id}/retry", tag = "paperwork", params(("id" = i64, Path, description = "Row number")),
    responses((status = 200, description = "The row", body = JobRow), (status = 404, body = Problem, description = "No such row"),
        (status = 409, body = Problem, description = "It is neither parked nor retrying")))]
pub(super) async fn retry(State(shared): State<Arc<Shared>>, Path(id): Path<i64>) -> Result<Json<JobRow>, Problem> {
    let done = shared.store.retry_job(id, Timestamp::now()).await?;
    let row = row(&shared, id).await?;
    match done {
        true => Ok(Json(row)),
        false => Err(Problem::new(StatusCode::CONFLICT, format!("row {id} is {}", row.state.as_str()))),
    }
}

async fn row(shared: &Shared, id: i64) -> Result<JobRow, Problem> {
    shared.store.job(id).await?.ok_or_else(|| Problem::not_found("outbox row", &id.to_string()))
}

/// Steps of effects, oldest first.
#[utoipa::path(get, path = "/api/v1/audit", params(Audit), tag = "paperwork",
    responses((status = 200, description = "Audit rows", body = [AuditRow]), (status = 400, body = Problem, description = "Bad parameter")))]
pub(super) async fn audit(
    State(shared): State<Arc<Shared>>,
    Asked(asked): Asked<Audit>,
) -> Result<Json<Vec<AuditRow>>, Problem> {
    let limit = limited(asked.limit)?;
    Ok(Json(shared.store.audit(&search(asked, limit)).await?))
}

/// The same, all of it, a line of JSON each.
#[utoipa::path(get, path = "/api/v1/audit/export", params(Audit), tag = "paperwork",
    responses((status = 200, description = "Audit rows", content_type = "application/x-ndjson", body = String)))]
pub(super) async fn export(State(shared): State<Arc<Shared>>, Asked(asked): Asked<Audit>) -> Response {
    let first = search(asked, EXPORT_PAGE);
    let pages = stream::unfold((shared, Some(first)), |(shared, search)| async move {
        let search = search?;
        let page = match shared.store.audit(&search).await {
            Ok(page) => page,
            Err(error) => return Some((Err(std::io::Error::other(error)), (shared, None))),
        };
        let next = page.last().map(|row| AuditSearch { after: row.seq, ..search });
        let lines = page.iter().filter_map(|row| Some(serde_json::to_string(row).ok()? + "\n"));
        Some((Ok(lines.collect::<String>()), (shared, next)))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(pages)).into_response()
}

/// Whether the audit is whole.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "paperwork",
    responses((status = 200, description = "What was found", body = AuditCheck)))]
pub(super) async fn verify(State(shared): State<Arc<Shared>>) -> Result<Json<AuditCheck>, Problem> {
    Ok(Json(shared.store.verify_audit().await?))
}

fn search(asked: Audit, limit: u32) -> AuditSearch {
    AuditSearch {
        correlation_id: asked.correlation_id,
        object_id: asked.object_id,
        action: asked.action,
        field: asked.field,
        after: asked.after.unwrap_or(0),
        limit,
    }
}

/// Rows in memory at a time.
const EXPORT_PAGE: u32 = 500;
