//! The CRM of the configuration, and how the outbox treats it.

use std::sync::Arc;

use offhook::config::{Config, CrmConfig};
use offhook::crm::{BuiltIn, Crm};
use offhook::outbox;
use offhook::store::Store;

/// Opens it.
pub fn open(config: &Config, store: &Store) -> Arc<dyn Crm> {
    match config.crm {
        CrmConfig::Builtin => Arc::new(BuiltIn::new(store.clone())),
    }
}

/// The policy and the pace of the configuration.
pub fn outbox_settings(config: &Config) -> outbox::Settings {
    outbox::Settings {
        policy: Arc::new(config.crm_policy.policy.clone()),
        pace: config.crm_policy.pace,
        ..outbox::Settings::default()
    }
}
