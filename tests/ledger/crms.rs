//! Stand-ins for CRMs, each a process of its own that knows only the CRM's published contract (`crms/*.py`), and our
//! connectors on them.

use std::sync::Arc;

use offhook::cloud::OAuthSettings;
use offhook::crm::{Access, Checked, Dynamics, HubSpot, Mapping, Pipedrive, Salesforce, WebhookCrm};
use offhook::events::Secrets;
use serde_json::{Value, json};

use crate::providers::Provider;

/// A running stand-in and the connector on it.
pub struct Desk {
    pub provider: Provider,
    pub crm: Arc<dyn Checked>,
}

/// Every stand-in.
pub const STANDINS: [&str; 4] = ["hubspot", "salesforce", "pipedrive", "dynamics"];

/// A stand-in and our connector on it.
pub fn desk(name: &'static str, options: &[&str]) -> Desk {
    let provider = Provider::start_in("crms", name, options);
    let crm = connector(&provider, shipped(name));
    Desk { provider, crm }
}

/// Our connector on it, with a mapping.
pub fn connector(provider: &Provider, mapping: Mapping) -> Arc<dyn Checked> {
    let at = |path: &str| format!("{}{path}", provider.root);
    let access = OAuthSettings { name: "crm".to_owned(), room: "crm", ..provider.oauth() };
    let access = Access::OAuth(Box::new(access));
    match provider.name {
        "salesforce" => Arc::new(Salesforce::open(&at("/services/data/v62.0"), access, mapping).unwrap()),
        "pipedrive" => Arc::new(Pipedrive::open(&at("/api"), access, mapping).unwrap()),
        "dynamics" => Arc::new(Dynamics::open(&at("/api/data/v9.2"), access, mapping).unwrap()),
        _ => Arc::new(HubSpot::open(&at(""), access, mapping).unwrap()),
    }
}

/// Somebody who listens and keeps a table, and our connector on it.
pub fn listener() -> Desk {
    let provider = Provider::start_in("crms", "webhook", &[]);
    let secrets = Secrets::new(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).unwrap();
    let crm = Arc::new(WebhookCrm::open(&provider.root, secrets).unwrap());
    Desk { provider, crm }
}

/// The mapping that comes with offhook.
pub fn shipped(name: &str) -> Mapping {
    Mapping::parse(name, offhook::crm::shipped(name).unwrap()).unwrap()
}

impl Desk {
    /// Somebody else writes into it.
    pub async fn add(&self, order: Value) -> String {
        let added = self.provider.tell(json!({ "add": order })).await;
        added["added"].as_str().unwrap_or_default().to_owned()
    }

    /// Everything it holds.
    pub async fn records(&self) -> u64 {
        let seen = self.provider.seen().await;
        seen["counts"].as_object().unwrap().values().filter_map(Value::as_u64).sum()
    }
}
