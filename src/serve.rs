//! `offhook serve`: starts the rooms, waits for a signal, stops them in reverse.

use std::future::Future;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use offhook::call::{CallEvent, CallRecord};
use offhook::config::{Config, HttpConfig, LogConfig, LogFormat, StoreConfig};
use offhook::console::{self, ApiToken, Console, Desk, Later, Readiness, TokenError};
use offhook::store::{Store, StoreError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{broadcast, watch};
use tracing_subscriber::EnvFilter;

/// Runs until SIGTERM or SIGINT.
pub fn run(config: Config) -> ExitCode {
    if let Err(error) = start_log(&config.log) {
        eprintln!("the log cannot be started: {error}");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(serve(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What stops `serve` from serving.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Token(#[from] TokenError),
    #[error("[http] listen = \"{addr}\": {source}; choose another port or stop what holds it")]
    Http { addr: std::net::SocketAddr, source: io::Error },
    #[error("signals cannot be heard: {0}")]
    Signals(io::Error),
    #[error("the API stopped: {0}")]
    Api(io::Error),
}

/// The order of starting; the order of stopping is the reverse.
async fn serve(config: Config) -> Result<(), ServeError> {
    let stop = stop_signal().map_err(ServeError::Signals)?;
    let token = api_token(&config.http, &config.store)?;
    let store = Store::open(&config.store.url).await?;
    let desk = Arc::new(Line::default());
    let settings = console::Settings { listen: config.http.listen, token };
    let http_error = |source| ServeError::Http { addr: config.http.listen, source };
    let console = Console::bind(settings, desk.clone(), store.clone()).await.map_err(http_error)?;
    let http = console.local_addr().map_err(http_error)?;
    let (close_console, closed) = watch::channel(false);
    let console = tokio::spawn(console.run(until(closed)));

    // Boundary: models, speech, calendar, crm, outbox and gateway start here; then the desk is ready and one line says
    // so on stdout: `ready sip=udp:HOST:PORT http=http://HOST:PORT`.
    tracing::info!(%http, origin = %config.origin, "the API answers");

    stop.await;
    tracing::info!(seconds = config.sip.drain.as_secs(), "no new calls; active ones may finish");
    // Boundary: gateway drains (at most config.sip.drain), outbox finishes its row, speech stops.

    let _ = close_console.send(true); // gone already: joined below
    let served = console.await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
    store.close().await;
    served.map_err(ServeError::Api)
}

/// The gateway's place: what the console sees of the line. Replaced by the gateway's handle.
struct Line {
    events: broadcast::Sender<CallEvent>,
}

impl Default for Line {
    fn default() -> Self {
        Self { events: broadcast::channel(EVENTS).0 }
    }
}

impl Desk for Line {
    fn live_calls(&self) -> Later<'_, Vec<CallRecord>> {
        Box::pin(async { Vec::new() })
    }

    fn live_call<'a>(&'a self, _id: &'a str) -> Later<'a, Option<CallRecord>> {
        Box::pin(async { None })
    }

    fn subscribe(&self) -> broadcast::Receiver<CallEvent> {
        self.events.subscribe()
    }

    fn readiness(&self) -> Readiness {
        Readiness::Starting
    }
}

/// The configured token, else the one kept beside the database; its place is told, never the token.
fn api_token(http: &HttpConfig, store: &StoreConfig) -> Result<ApiToken, TokenError> {
    match &http.api_token {
        Some(token) => Ok(ApiToken::given(token.reveal())),
        None => {
            let (token, path) = ApiToken::kept_in(store.data_dir())?;
            println!("the API token is in {}", path.display());
            Ok(token)
        }
    }
}

/// Logs go to stderr: stdout belongs to the lines that scripts read.
fn start_log(log: &LogConfig) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let filter = EnvFilter::builder().parse(&log.level)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match log.format {
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => builder.json().try_init(),
    }
}

/// Resolves at the first SIGTERM or SIGINT; they are heard from this call on, not from the first poll.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}

async fn until(mut flag: watch::Receiver<bool>) {
    let _ = flag.wait_for(|set| *set).await; // a dropped sender means the same
}

/// Live events a slow reader may be behind.
const EVENTS: usize = 1024;
