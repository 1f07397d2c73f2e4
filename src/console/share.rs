//! What a signed link shows: no token, no script, one call's words.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::api::Asked;
use super::problem::Problem;
use super::server::Shared;
use crate::call::{CallRecord, Line, Speaker};
use crate::events::{self, Share};
use crate::record::told_lines;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Signed {
    /// Seconds since 1970 until which the link opens.
    until: i64,
    /// Signature.
    sig: String,
}

/// Links to a call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Links {
    /// What was said.
    transcript_url: String,
    /// They open until then.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A call's transcript for whoever has the link.
#[utoipa::path(get, path = "/share/transcript/{id}", tag = "events", security(()), params(("id" = String, Path, description = "Our id of the call"), Signed),
    responses((status = 200, description = "The transcript", content_type = "text/html", body = String),
        (status = 403, body = Problem, description = "Not a link of ours, or no longer")))]
pub(super) async fn transcript(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Asked(signed): Asked<Signed>,
) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let opens = |share: &Share| share.opens(events::Shared::Transcript, &id, signed.until, &signed.sig, now);
    if !sharing(&shared).is_ok_and(opens) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this link does not open, or no longer: ask for a new one"));
    }
    let call = shared.store.call(&id).await?.ok_or_else(|| Problem::not_found("call", &id))?;
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::REFERRER_POLICY, "no-referrer")];
    Ok((headers, [("x-robots-tag", "noindex, nofollow")], page(&call, &told(&shared, &call))).into_response())
}

/// Links to a call that open without a token, for a while.
#[utoipa::path(post, path = "/api/v1/calls/{id}/share", tag = "events", params(("id" = String, Path, description = "Our id of the call")),
    responses((status = 200, description = "Links", body = Links), (status = 404, body = Problem, description = "No such call")))]
pub(super) async fn share(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Json<Links>, Problem> {
    shared.store.call(&id).await?.ok_or_else(|| Problem::not_found("call", &id))?;
    let (transcript_url, expires_at) = sharing(&shared)?.link(events::Shared::Transcript, &id, Timestamp::now());
    Ok(Json(Links { transcript_url, expires_at }))
}

fn sharing(shared: &Shared) -> Result<&Share, Problem> {
    let doors = shared.doors.get();
    doors.map(|doors| &doors.share).ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "starting; try again"))
}

/// Answers to sensitive questions are for whoever has the token.
fn told(shared: &Shared, call: &CallRecord) -> Vec<Line> {
    let business = shared.businesses.iter().find(|business| business.id == call.business);
    told_lines(call, business.map_or(&[], |business| &business.policy.questions))
}

fn page(call: &CallRecord, lines: &[Line]) -> String {
    let mut text = format!(
        "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\"><meta name=\"robots\" content=\"noindex\">\
         <title>Call of {}</title><h1>Call of {}</h1><dl>",
        escaped(&call.language),
        call.started_at,
        call.started_at
    );
    for line in lines {
        let who = if line.speaker == Speaker::Caller { "Caller" } else { "Receptionist" };
        let (minutes, seconds) = (line.start_ms / 60_000, line.start_ms / 1000 % 60);
        text += &format!("<dt>{minutes}:{seconds:02} {who}</dt><dd>{}</dd>", escaped(&line.text));
    }
    text + "</dl></html>"
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut all, c| {
        match c {
            '&' => all += "&amp;",
            '<' => all += "&lt;",
            '>' => all += "&gt;",
            '"' => all += "&quot;",
            c => all.push(c),
        }
        all
    })
}
