//! Live events: numbered once, kept a while for those who reconnect, sent as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::metrics::Metrics;
use super::problem::Problem;
use super::server::Shared;
use crate::call::CallEvent;

/// Numbers the gateway's events and hands them to whoever listens.
pub(super) struct Hub {
    sender: broadcast::Sender<Arc<Numbered>>,
    recent: Mutex<VecDeque<Arc<Numbered>>>,
    streams: Arc<Semaphore>,
}

struct Numbered {
    id: u64,
    name: &'static str,
    json: String,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            sender: broadcast::channel(QUEUE_EVENTS).0,
            recent: Mutex::default(),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    /// Counts and passes on every event until the gateway is gone or `closing` says so.
    pub(super) async fn run(
        &self,
        mut source: broadcast::Receiver<CallEvent>,
        metrics: &Metrics,
        mut closing: watch::Receiver<bool>,
    ) {
        let mut next_id = 1;
        loop {
            let received = tokio::select! {
                received = source.recv() => received,
                _ = closing.wait_for(|closing| *closing) => return,
            };
            match received {
                Ok(event) => {
                    metrics.count(&event);
                    self.publish(next_id, &event);
                    next_id += 1;
                }
                Err(RecvError::Lagged(lost)) => metrics.missed(lost),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn publish(&self, id: u64, event: &CallEvent) {
        let json = serde_json::to_value(event).ok();
        let Some(data) = json.as_ref().and_then(|json| json.get("data")) else { return };
        let numbered = Arc::new(Numbered { id, name: name(event), json: data.to_string() });
        // Kept and sent under one lock: a reader that joins sees each event once.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == RECENT_EVENTS {
            recent.pop_front();
        }
        recent.push_back(numbered.clone());
        let _ = self.sender.send(numbered); // nobody listening is fine
    }

    fn join(&self, after: Option<u64>) -> (VecDeque<Arc<Numbered>>, broadcast::Receiver<Arc<Numbered>>) {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let missed =
            after.map_or_else(VecDeque::new, |after| recent.iter().filter(|event| event.id > after).cloned().collect());
        (missed, self.sender.subscribe())
    }
}

/// Live events of all calls: `call.started`, `call.answered`, `transcript.line`, `call.ended`. The data is JSON, ids
/// increase; `Last-Event-ID` resumes where the last 256 events allow. A reader that is too slow gets `notice` and is cut.
#[utoipa::path(get, path = "/api/v1/events", tag = "calls",
    responses((status = 200, description = "Events", content_type = "text/event-stream", body = CallEvent),
              (status = 503, description = "Too many listeners", body = Problem)))]
pub(super) async fn events(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Problem> {
    let permit = shared.hub.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("{STREAMS_MAX} listeners are connected; close one"))
    })?;
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let (missed, receiver) = shared.hub.join(after);
    let reader = Reader { missed, receiver, closing: shared.closing.clone(), over: false, _permit: permit };
    let stream = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

struct Reader {
    missed: VecDeque<Arc<Numbered>>,
    receiver: broadcast::Receiver<Arc<Numbered>>,
    closing: watch::Receiver<bool>,
    over: bool,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        if let Some(event) = self.missed.pop_front() {
            return Some(event.frame());
        }
        let received = tokio::select! {
            received = self.receiver.recv() => received,
            _ = self.closing.wait_for(|closing| *closing) => return None,
        };
        match received {
            Ok(event) => Some(event.frame()),
            Err(RecvError::Lagged(lost)) => {
                self.over = true;
                let data = serde_json::json!({ "lost": lost, "detail": "reading too slowly; reconnect" });
                Some(Event::default().event("notice").data(data.to_string()))
            }
            Err(RecvError::Closed) => None,
        }
    }
}

impl Numbered {
    fn frame(&self) -> Event {
        Event::default().id(self.id.to_string()).event(self.name).data(&self.json)
    }
}

/// The name the event's `type` has in JSON.
fn name(event: &CallEvent) -> &'static str {
    match event {
        CallEvent::Started(_) => "call.started",
        CallEvent::Answered { .. } => "call.answered",
        CallEvent::Line { .. } => "transcript.line",
        CallEvent::Transferred { .. } => "call.transferred",
        CallEvent::Ended(_) => "call.ended",
    }
}

/// Events a slow listener may be behind: some seconds of a busy line.
const QUEUE_EVENTS: usize = 1024;
/// Events kept for listeners that reconnect.
const RECENT_EVENTS: usize = 256;
/// Open event streams; each holds a connection.
const STREAMS_MAX: usize = 64;
/// Shorter than the idle limits of usual proxies.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
