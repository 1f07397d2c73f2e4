//! What a server has to do: short calls over real SIP, and events of another platform, which asks until it is answered.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use offhook::events::Secrets;
use serde_json::{Value, json};

use crate::callers::{Caller, Plan};
use crate::server::{Server, block_on};

/// For the server's configuration.
pub const SOURCE: &str = "[[sources]]\nname = \"other\"\nkind = \"generic\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n\
                          allow = [\"127.0.0.1/32\"]\n";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Another platform: what it has told, and what it was answered.
#[derive(Debug, Default)]
pub struct Platform {
    /// Not answered yet, by the id of the message.
    waiting: BTreeMap<String, Value>,
    /// Calls whose every event was answered with 200.
    pub acknowledged: BTreeSet<String>,
    calls: usize,
}

impl Platform {
    /// So many more calls are over there; each is told in two events.
    pub fn more(&mut self, calls: usize) {
        for _ in 0..calls {
            let n = self.calls;
            self.calls += 1;
            let (call, from) = (format!("call{n:06}"), format!("+1646555{:04}", n % PEOPLE));
            let event = |kind: &str, more: Value| {
                let mut data = json!({"call_id": call, "from": from, "to": "+12125550100"});
                let fields = data.as_object_mut().expect("an object");
                fields.extend(more.as_object().expect("an object").clone());
                json!({"type": kind, "timestamp": "2026-11-21T15:00:00Z", "data": data})
            };
            let lines = json!([{"speaker": "caller", "text": "A person, please.", "start_ms": 500, "end_ms": 2000}]);
            // Cut off in mid sentence: somebody has to call back, which makes a task.
            let over = event("call.failed", json!({"ended_at": "2026-11-21T15:02:00Z", "reason": "line lost"}));
            self.waiting.insert(mark(2 * n), over);
            self.waiting.insert(mark(2 * n + 1), event("transcription.complete", json!({"lines": lines})));
        }
    }

    /// Tells everything that is not answered yet, all at once; the server may die in the middle of it.
    pub fn tell(&self, server: &Server) -> Telling {
        let (url, events) = (format!("{}/ingest/other", server.http), self.waiting.clone());
        Telling(std::thread::spawn(move || {
            block_on(async {
                let client = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
                let one = |(id, body): (String, Value)| {
                    let (client, url) = (client.clone(), url.clone());
                    async move { (id.clone(), send(&client, &url, &id, &body).await) }
                };
                futures_util::future::join_all(events.into_iter().map(one)).await
            })
        }))
    }

    /// Takes note of what was answered.
    pub fn heard(&mut self, telling: Telling) {
        let answers = telling.0.join().expect("the platform does not panic");
        for (id, _) in answers.iter().filter(|(_, status)| *status == Some(200)) {
            self.waiting.remove(id);
        }
        let waits = |n: usize| [2 * n, 2 * n + 1].iter().any(|n| self.waiting.contains_key(&mark(*n)));
        self.acknowledged.extend((0..self.calls).filter(|n| !waits(*n)).map(|n| format!("call{n:06}")));
    }

    /// Whether everything was answered.
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Events on their way.
pub struct Telling(JoinHandle<Vec<(String, Option<u16>)>>);

impl Telling {
    /// What was answered, and to be done again.
    pub fn answers(self) -> Vec<Option<u16>> {
        let answers = self.0.join().expect("the platform does not panic");
        answers.into_iter().map(|(_, status)| status).collect()
    }
}

/// One event; its status, none when nobody answered.
pub async fn send(client: &reqwest::Client, url: &str, id: &str, body: &Value) -> Option<u16> {
    let (now, body) = (Timestamp::now(), body.to_string());
    let signature = Secrets::new(&[SECRET]).expect("a secret").sign(id, now, body.as_bytes());
    let request = client.post(url).header("webhook-id", id).header("webhook-timestamp", now.as_second().to_string());
    let answer = request.header("webhook-signature", signature).body(body).send().await.ok()?;
    Some(answer.status().as_u16())
}

/// Calls that ring, are answered and hang up soon, `n` of them.
pub fn short_calls(server: &Server, first: usize, n: usize) -> Vec<Caller> {
    let plan = |n: usize| {
        let hang_up_after = Duration::from_millis(60 * (n as u64 % 8));
        Plan { hang_up_after, ..Plan::silent(&format!("+1212555{:04}", 3000 + n % PEOPLE)) }
    };
    (first..first + n).map(|n| plan(n).dial(server)).collect()
}

/// The id of a message; what the shim looks for.
fn mark(n: usize) -> String {
    format!("mark-{n:06}")
}

/// Most of them call more than once.
const PEOPLE: usize = 97;
/// A server that died answers nobody.
const PATIENCE: Duration = Duration::from_secs(10);
