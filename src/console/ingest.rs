//! `POST /ingest/{source}`: the door other platforms knock at. No bearer token: each signs in its own way.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::IncomingStream;

use super::listener::Limited;
use super::problem::Problem;
use super::server::Shared;
use crate::events::Share;
use crate::ingest::{Given, Ingest, Refusal, Taken};

/// What is behind the doors that need no token.
pub struct Doors {
    /// Where other platforms' requests go.
    pub ingest: Ingest,
    /// What makes links that open without a token.
    pub share: Share,
    /// Whether a peer is a proxy of ours, whose word on the address in front of it is taken.
    pub is_proxy: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

/// Who is connected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, Limited>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Limited>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Events of another platform, signed as that platform signs. Answered once they are on the disk.
#[utoipa::path(post, path = "/ingest/{source}", tag = "events", security(()), request_body = String,
    params(("source" = String, Path, description = "Name of a configured source")),
    responses((status = 200, description = "Kept"), (status = 401, body = Problem, description = "Not signed as the source signs"),
        (status = 403, body = Problem, description = "Not from the source's networks"), (status = 404, body = Problem, description = "No such source"),
        (status = 503, body = Problem, description = "Could not be kept: send it again")))]
pub(super) async fn ingest(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    Path(source): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let Some(doors) = shared.doors.get() else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "starting; try again"));
    };
    let named = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let given = Given {
        source: &source,
        from: from(doors, peer.ip(), &headers),
        query: query.as_deref().unwrap_or_default(),
        headers: named.collect(),
        body: &body,
    };
    match doors.ingest.take(given).await {
        Ok(Taken::Kept { fresh }) => {
            let text = if fresh { "{\"kept\":true}" } else { "{\"kept\":true,\"repeated\":true}" };
            Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
        }
        Ok(Taken::Challenge(answer)) => Ok(([(header::CONTENT_TYPE, "application/json")], answer).into_response()),
        Err(refusal) => {
            tracing::warn!(source, %peer, %refusal, "a platform's request was refused");
            Err(Problem::new(status(&refusal), refusal.to_string()))
        }
    }
}

/// The peer, or who a proxy of ours says is in front of it.
fn from(doors: &Doors, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !(doors.is_proxy)(peer.to_canonical()) {
        return peer;
    }
    let last = headers.get_all("x-forwarded-for").iter().next_back().and_then(|list| list.to_str().ok());
    last.and_then(|list| list.rsplit(',').next()?.trim().parse().ok()).unwrap_or(peer)
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Unknown => StatusCode::NOT_FOUND,
        Refusal::Network => StatusCode::FORBIDDEN,
        Refusal::Unsigned(_) => StatusCode::UNAUTHORIZED,
        Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
    }
}
