//! The API's side of events out: health, deliveries, replay.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::api::{Asked, limited};
use super::problem::Problem;
use super::server::Shared;
use crate::store::{DeliveryRow, DeliveryState, EndpointRow};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Deliveries {
    /// At most this many, 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// Only those to this webhook.
    endpoint: Option<String>,
    /// Only those in this state.
    state: Option<DeliveryState>,
}

/// What is to be sent again.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Replay {
    /// Events that happened from then on.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Before then; now when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// To this webhook; to all that are enabled when absent.
    endpoint: Option<String>,
}

/// How much will be sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replayed {
    /// Deliveries.
    deliveries: u64,
}

/// Webhooks and their health.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "events",
    responses((status = 200, description = "Webhooks", body = [EndpointRow])))]
pub(super) async fn webhooks(State(shared): State<Arc<Shared>>) -> Result<Json<Vec<EndpointRow>>, Problem> {
    Ok(Json(shared.store.endpoints().await?))
}

/// Enables a webhook that was disabled, and sends it what happened since.
#[utoipa::path(post, path = "/api/v1/webhooks/{name}/enable", tag = "events",
    params(("name" = String, Path, description = "Its name in the configuration")),
    responses((status = 204, description = "Enabled"), (status = 404, body = Problem, description = "No disabled webhook of that name")))]
pub(super) async fn enable(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    match shared.store.enable_endpoint(&name, Timestamp::now()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("disabled webhook", &name)),
    }
}

/// Deliveries of events, newest first.
#[utoipa::path(get, path = "/api/v1/webhooks/deliveries", params(Deliveries), tag = "events",
    responses((status = 200, description = "Deliveries", body = [DeliveryRow]), (status = 400, body = Problem, description = "Bad parameter")))]
pub(super) async fn deliveries(
    State(shared): State<Arc<Shared>>,
    Asked(asked): Asked<Deliveries>,
) -> Result<Json<Vec<DeliveryRow>>, Problem> {
    let limit = limited(asked.limit)?;
    Ok(Json(shared.store.deliveries(asked.endpoint.as_deref(), asked.state, limit).await?))
}

/// Sends a range of events again, under the ids they had.
#[utoipa::path(post, path = "/api/v1/webhooks/replay", tag = "events", request_body = Replay,
    responses((status = 202, description = "They will be sent", body = Replayed), (status = 400, body = Problem, description = "Bad range")))]
pub(super) async fn replay(
    State(shared): State<Arc<Shared>>,
    asked: Result<Json<Replay>, JsonRejection>,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    let Json(asked) = asked.map_err(|bad| Problem::new(StatusCode::BAD_REQUEST, bad.body_text()))?;
    let now = Timestamp::now();
    let until = asked.until.unwrap_or(now);
    if asked.since >= until {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "since must be before until"));
    }
    let deliveries = shared.store.replay_events(asked.since, until, asked.endpoint.as_deref(), now).await?;
    Ok((StatusCode::ACCEPTED, Json(Replayed { deliveries })))
}
