//! The HTTP server: routes, their description, start and stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::desk::Desk;
use super::events::Hub;
use super::ingest::{Doors, Peer};
use super::listener::Limited;
use super::metrics::Metrics;
use super::token::ApiToken;
use super::{api, contacts, door, events, hooks, ingest, page, paperwork, share};
use crate::call::CallEvent;
use crate::conversation::Business;
use crate::outbox::Meter;
use crate::store::Store;

/// What the console is told at start.
pub struct Settings {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What a bearer token is compared with.
    pub token: ApiToken,
    /// What the outbox counts.
    pub meter: Meter,
    /// Whose calls are shown and contacts entered: their questions say what is read out of a call.
    pub businesses: Vec<Arc<Business>>,
}

/// The HTTP server, its socket open.
pub struct Console {
    listener: TcpListener,
    shared: Arc<Shared>,
    events: broadcast::Receiver<CallEvent>,
    close: watch::Sender<bool>,
}

/// What the handlers share.
pub(super) struct Shared {
    pub(super) desk: Arc<dyn Desk>,
    pub(super) store: Store,
    pub(super) token: ApiToken,
    pub(super) businesses: Vec<Arc<Business>>,
    pub(super) metrics: Metrics,
    pub(super) meter: Meter,
    pub(super) hub: Hub,
    /// Set once what is behind them has started.
    pub(super) doors: Arc<OnceLock<Doors>>,
    /// Becomes true when the server stops: event streams end.
    pub(super) closing: watch::Receiver<bool>,
}

impl Console {
    /// Opens the socket and hears events from here on; nothing is answered before [`Console::run`].
    pub async fn bind(settings: Settings, desk: Arc<dyn Desk>, store: Store) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let (close, closing) = watch::channel(false);
        let events = desk.subscribe();
        let Settings { token, businesses, meter, .. } = settings;
        let (metrics, hub, doors) = (Metrics::default(), Hub::new(), Arc::default());
        let shared = Shared { desk, store, token, businesses, metrics, meter, hub, doors, closing };
        Ok(Self { listener, shared: Arc::new(shared), events, close })
    }

    /// The doors that need no token; until they are set they answer that we are starting.
    pub fn doors(&self) -> Arc<OnceLock<Doors>> {
        self.shared.doors.clone()
    }

    /// The address really taken.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` resolves; open answers get a moment to finish, event streams end at once.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let Self { listener, shared, events, close } = self;
        let hub = {
            let shared = shared.clone();
            tokio::spawn(async move { shared.hub.run(events, &shared.metrics, shared.closing.clone()).await })
        };
        let mut closed = close.subscribe();
        let stopping = async move {
            stop.await;
            let _ = close.send(true); // nobody listening is fine
        };
        let server = axum::serve(Limited::new(listener), router(shared).into_make_service_with_connect_info::<Peer>())
            .with_graceful_shutdown(stopping);
        let served = tokio::select! {
            served = async { server.await } => served,
            () = async {
                // A sender dropped early counts as closed too.
                let _ = closed.wait_for(|closed| *closed).await;
                tokio::time::sleep(FINISH_TIME_MAX).await;
            } => Ok(()),
        };
        hub.abort();
        served
    }
}

fn router(shared: Arc<Shared>) -> Router {
    let (router, mut description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(api::healthz))
        .routes(routes!(api::readyz))
        .routes(routes!(api::metrics))
        .routes(routes!(api::calls))
        .routes(routes!(api::call))
        .routes(routes!(events::events))
        .routes(routes!(api::appointments))
        .routes(routes!(api::contacts, contacts::put_contact))
        .routes(routes!(api::outbox))
        .routes(routes!(paperwork::approvals))
        .routes(routes!(paperwork::approve))
        .routes(routes!(paperwork::reject))
        .routes(routes!(paperwork::retry))
        .routes(routes!(paperwork::audit))
        .routes(routes!(paperwork::export))
        .routes(routes!(paperwork::verify))
        .routes(routes!(hooks::webhooks))
        .routes(routes!(hooks::enable))
        .routes(routes!(hooks::deliveries))
        .routes(routes!(hooks::replay))
        .routes(routes!(share::share))
        .routes(routes!(share::transcript))
        .routes(routes!(ingest::ingest).layer(DefaultBodyLimit::max(door::INGEST_BYTES_MAX as usize)))
        .routes(routes!(api::trunks))
        .split_for_parts();
    let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    description.components.get_or_insert_default().add_security_scheme("token", scheme);
    let description = Arc::new(description);
    router
        .route("/api/v1/openapi.json", get(move || async move { Json(description) }))
        .route("/", get(page::html))
        .route("/desk.js", get(page::script))
        .route("/desk.css", get(page::style))
        .fallback(door::nothing_here)
        .method_not_allowed_fallback(door::wrong_method)
        .layer(middleware::from_fn_with_state(shared.clone(), door::guard))
        .with_state(shared)
}

#[derive(OpenApi)]
#[openapi(
    info(title = "offhook", description = "The receptionist's desk: calls, what came of them, live events."),
    security(("token" = []))
)]
struct Description;

/// After the stop signal: how long an answer may still be written.
const FINISH_TIME_MAX: Duration = Duration::from_secs(2);
