//! An outbox with a CRM of the test's choice, and a console that shows what they count.

use std::sync::Arc;

use offhook::call::{CallEvent, CallRecord};
use offhook::console::{ApiToken, Console, Desk, Later, Readiness, Settings};
use offhook::crm::Crm;
use offhook::gateway::TrunkStatus;
use offhook::outbox::{self, Meter, Outbox};
use offhook::store::Store;
use tokio::sync::broadcast;

use crate::promtool::{Scrape, read};

/// Nobody calls.
struct NoDesk(broadcast::Sender<CallEvent>);

impl Desk for NoDesk {
    fn live_calls(&self) -> Later<'_, Vec<CallRecord>> {
        Box::pin(async { Vec::new() })
    }

    fn live_call<'a>(&'a self, _: &'a str) -> Later<'a, Option<CallRecord>> {
        Box::pin(async { None })
    }

    fn subscribe(&self) -> broadcast::Receiver<CallEvent> {
        self.0.subscribe()
    }

    fn trunks(&self) -> Vec<TrunkStatus> {
        Vec::new()
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }
}

/// A console on a database, not running yet.
pub async fn console(store: &Store, meter: Meter) -> Console {
    let listen = "127.0.0.1:0".parse().unwrap();
    let settings = Settings { listen, token: ApiToken::given("t"), businesses: Vec::new(), meter };
    Console::bind(settings, Arc::new(NoDesk(broadcast::channel(8).0)), store.clone()).await.unwrap()
}

/// A running console.
pub struct Watch {
    address: String,
}

impl Watch {
    pub async fn on(store: &Store, meter: Meter) -> Watch {
        let console = console(store, meter).await;
        let address = console.local_addr().unwrap().to_string();
        tokio::spawn(console.run(std::future::pending()));
        Watch { address }
    }

    /// What Prometheus would get now.
    pub async fn scrape(&self) -> Scrape {
        let request = reqwest::Client::new().get(format!("http://{}/metrics", self.address)).bearer_auth("t");
        read(&request.send().await.unwrap().text().await.unwrap())
    }
}

/// An outbox whose counts are watched.
pub async fn watched(store: &Store, crm: Arc<dyn Crm>, settings: outbox::Settings) -> (Outbox, Watch) {
    let watch = Watch::on(store, settings.meter.clone()).await;
    (Outbox::start(store.clone(), crm, settings).await.unwrap(), watch)
}
