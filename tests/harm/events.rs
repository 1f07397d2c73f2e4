//! The live events of a server, read as they come.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{Server, TOKEN, block_on};

/// One event.
#[derive(Debug, Clone)]
pub struct Happening {
    pub name: String,
    pub data: Value,
}

impl Happening {
    /// The call it is about.
    pub fn call_id(&self) -> &str {
        self.data["call_id"].as_str().or_else(|| self.data["id"].as_str()).unwrap_or_default()
    }
}

/// The stream; it ends when the server does.
pub struct Events(Receiver<Happening>);

impl Events {
    /// Listens from now on; the first event cannot be missed once this returns.
    pub fn of(server: &Server) -> Self {
        let url = format!("{}/api/v1/events", server.http);
        let (post, events) = channel();
        let (joined, join) = channel();
        std::thread::spawn(move || {
            block_on(async {
                let Ok(mut response) = reqwest::Client::new().get(url).bearer_auth(TOKEN).send().await else { return };
                let _ = joined.send(());
                let mut text = String::new();
                while let Ok(Some(chunk)) = response.chunk().await {
                    text.push_str(&String::from_utf8_lossy(&chunk));
                    while let Some((event, rest)) = text.split_once("\n\n") {
                        let sent = read(event).is_none_or(|event| post.send(event).is_ok());
                        text = rest.to_owned();
                        if !sent {
                            return;
                        }
                    }
                }
            });
        });
        join.recv_timeout(JOIN_DEADLINE).expect("the event stream opens");
        Self(events)
    }

    /// The next event before `until`; none when the time or the stream is over.
    pub fn next(&self, until: Instant) -> Option<Happening> {
        self.0.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
    }
}

fn read(event: &str) -> Option<Happening> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
    let data = serde_json::from_str(field("data:")?).ok()?;
    Some(Happening { name: field("event:")?.to_owned(), data })
}

/// For the stream's first byte.
const JOIN_DEADLINE: Duration = Duration::from_secs(30);
