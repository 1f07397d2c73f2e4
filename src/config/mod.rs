//! Settings: one TOML file, checked whole before anything starts.
//!
//! Unknown keys and impossible values are errors that name the file, the line and the remedy. No room reads this
//! module: `main` translates [`Config`] into each room's own settings.

mod business;
mod calendar;
mod capacity;
mod check;
mod confirmations;
mod crm;
mod crm_policy;
mod error;
mod hosted;
mod languages;
mod model;
mod notices;
mod numbers;
mod people;
mod policy;
mod questions;
mod raw;
mod read;
mod secret;
mod settings;
mod sources;
mod trunks;
mod value;
mod webhooks;

pub use error::ConfigError;
pub use numbers::NumberConfig;
pub use read::{DEFAULT_FILE, DEMO_TOML, load, load_from, parse};
pub use secret::Secret;
pub use settings::{
    AcuityConfig, CalDavConfig, CalendarConfig, CalendlyConfig, Cidr, Config, ConfirmationsConfig, CrmAccess,
    CrmConfig, CrmKind, CrmPolicyConfig, CrmRemoteConfig, EndpointConfig, GoogleConfig, HttpConfig, Listen, LogConfig,
    LogFormat, MailConfig, MediaConfig, MicrosoftConfig, ModelConfig, NoticesConfig, PermissionConfig, Route,
    SipConfig, SourceConfig, SpeechConfig, SpeechModel, StoreConfig, TestingConfig, TlsConfig, VoiceConfig,
};
pub use trunks::TrunkConfig;
