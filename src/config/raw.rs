//! The document as TOML has it: every section and key that exists, nothing checked yet.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Value};

use crate::conversation::{GivenFlows, Question};

/// A value with its place in the file, if it was given.
pub(super) type Given<T> = Option<Spanned<T>>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Document {
    pub(super) business: Given<Business>,
    pub(super) businesses: BTreeMap<Spanned<String>, Business>,
    pub(super) services: Vec<Service>,
    pub(super) staff: Vec<Staff>,
    pub(super) resources: Vec<Resource>,
    pub(super) faqs: Vec<Faq>,
    pub(super) questions: Vec<Spanned<Question>>,
    pub(super) vocabulary: Vocabulary,
    pub(super) flows: GivenFlows,
    pub(super) escalation: Given<Escalation>,
    pub(super) sip: Sip,
    pub(super) trunks: Vec<Trunk>,
    pub(super) numbers: Vec<Number>,
    pub(super) media: Media,
    pub(super) speech: Speech,
    pub(super) voice: Voice,
    pub(super) model: Model,
    pub(super) calendar: Calendar,
    pub(super) crm: Crm,
    pub(super) crm_policy: CrmPolicy,
    pub(super) notices: Notices,
    pub(super) confirmations: Confirmations,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) sources: Vec<PlatformSource>,
    pub(super) store: Store,
    pub(super) http: Http,
    pub(super) log: Log,
    pub(super) testing: Testing,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Business {
    pub(super) id: Given<String>,
    pub(super) name: Given<String>,
    pub(super) address: Given<String>,
    pub(super) timezone: Given<String>,
    pub(super) language: Given<String>,
    pub(super) languages: Vec<Spanned<String>>,
    pub(super) en: Wording,
    pub(super) es: Wording,
    pub(super) country: Given<String>,
    pub(super) numbers: Vec<Spanned<String>>,
    pub(super) lead_minutes: Given<i64>,
    pub(super) horizon_days: Given<i64>,
    pub(super) slot_minutes: Given<i64>,
    pub(super) greet_by_name: Option<bool>,
    pub(super) speak_confirmation: Option<bool>,
    pub(super) reminder_minutes: Vec<Spanned<i64>>,
    pub(super) emergency: Given<String>,
    pub(super) verify: Given<String>,
    pub(super) flows: GivenFlows,
    pub(super) escalation: Escalation,
    pub(super) hours: Given<Hours>,
    pub(super) closures: Vec<Spanned<Value>>,
    pub(super) services: Vec<Service>,
    pub(super) staff: Vec<Staff>,
    pub(super) resources: Vec<Resource>,
    pub(super) faqs: Vec<Faq>,
    pub(super) questions: Vec<Spanned<Question>>,
    pub(super) vocabulary: Vocabulary,
}

/// Words listened for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Vocabulary {
    pub(super) competitors: Vec<Spanned<String>>,
}

/// A business, a service or a question as it is said in another of the business's languages.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wording {
    pub(super) name: Given<String>,
    pub(super) address: Given<String>,
    pub(super) emergency: Given<String>,
    pub(super) aliases: Vec<Spanned<String>>,
    pub(super) questions: Given<Vec<String>>,
    pub(super) answer: Given<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Escalation {
    pub(super) by_request: Option<bool>,
    pub(super) failures: Given<i64>,
    pub(super) urgent: Vec<Spanned<String>>,
    pub(super) tiers: Vec<Spanned<String>>,
    pub(super) after_hours: Option<bool>,
    pub(super) duty: Vec<Duty>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Duty {
    pub(super) name: Spanned<String>,
    pub(super) number: Given<String>,
    pub(super) uri: Given<String>,
    pub(super) hours: Given<Hours>,
    #[serde(default)]
    pub(super) answers_for: Vec<Spanned<String>>,
    pub(super) transfer: Given<String>,
    pub(super) trunk: Given<String>,
    pub(super) keys: Given<String>,
    pub(super) ring_seconds: Given<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Hours {
    pub(super) mon: Given<Value>,
    pub(super) tue: Given<Value>,
    pub(super) wed: Given<Value>,
    pub(super) thu: Given<Value>,
    pub(super) fri: Given<Value>,
    pub(super) sat: Given<Value>,
    pub(super) sun: Given<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) id: Spanned<String>,
    pub(super) name: Given<String>,
    #[serde(default)]
    pub(super) aliases: Vec<Spanned<String>>,
    pub(super) minutes: Spanned<i64>,
    pub(super) buffer_before_minutes: Given<i64>,
    pub(super) buffer_after_minutes: Given<i64>,
    pub(super) max_per_day: Given<i64>,
    pub(super) lead_minutes: Given<i64>,
    pub(super) horizon_days: Given<i64>,
    #[serde(default)]
    pub(super) en: Wording,
    #[serde(default)]
    pub(super) es: Wording,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Staff {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) services: Vec<Spanned<String>>,
    pub(super) hours: Given<Hours>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resource {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) services: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Faq {
    pub(super) questions: Spanned<Vec<String>>,
    pub(super) answer: Spanned<String>,
    #[serde(default)]
    pub(super) en: Wording,
    #[serde(default)]
    pub(super) es: Wording,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sip {
    pub(super) listen: Given<Vec<Spanned<String>>>,
    pub(super) allow: Option<Vec<Spanned<String>>>,
    pub(super) drain_seconds: Given<i64>,
    pub(super) advertised: Given<String>,
    pub(super) max_calls: Given<i64>,
    pub(super) echo: Given<String>,
    pub(super) source_max_calls: Given<i64>,
    pub(super) calls_per_second: Given<i64>,
    pub(super) source_calls_per_second: Given<i64>,
    pub(super) max_call_minutes: Given<i64>,
    pub(super) session_expires_s: Given<i64>,
    pub(super) min_se_s: Given<i64>,
    pub(super) tls: Option<Tls>,
    pub(super) slots: BTreeMap<Spanned<String>, Spanned<String>>,
    pub(super) name_servers: Vec<Spanned<String>>,
    pub(super) stun: Given<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) certificate: Spanned<String>,
    pub(super) key: Spanned<String>,
    pub(super) roots: Given<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trunk {
    pub(super) name: Spanned<String>,
    pub(super) registrar: Given<String>,
    pub(super) proxy: Given<String>,
    #[serde(default)]
    pub(super) peers: Vec<Spanned<String>>,
    pub(super) transport: Given<String>,
    pub(super) domain: Given<String>,
    pub(super) username: Given<String>,
    pub(super) password: Given<String>,
    pub(super) password_env: Given<String>,
    pub(super) password_file: Given<String>,
    pub(super) number: Given<String>,
    pub(super) expires_seconds: Given<i64>,
    pub(super) srtp: Given<String>,
    #[serde(default)]
    pub(super) show_caller: bool,
    pub(super) fallback: Given<String>,
    pub(super) failover: Given<String>,
    pub(super) forwarding: Given<String>,
    #[serde(default)]
    pub(super) inbound_auth: bool,
    pub(super) options_seconds: Given<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Number {
    pub(super) number: Spanned<String>,
    pub(super) business: Given<String>,
    pub(super) flow: Given<String>,
    pub(super) location: Given<String>,
    pub(super) campaign: Given<String>,
    pub(super) lead_source: Given<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Media {
    pub(super) rtp_ports: Given<String>,
    pub(super) codecs: Given<Vec<Spanned<String>>>,
    pub(super) srtp: Given<String>,
    pub(super) key_tones: Given<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Speech {
    pub(super) model: Given<String>,
    pub(super) threads: Given<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Voice {
    pub(super) model: Given<String>,
    pub(super) espeak: Given<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Model {
    pub(super) url: Given<String>,
    pub(super) model: Given<String>,
    pub(super) api_key_env: Given<String>,
    pub(super) api_key_file: Given<String>,
    pub(super) deadline_ms: Given<i64>,
    pub(super) rephrase: Given<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Calendar {
    pub(super) kind: Given<String>,
    pub(super) url: Given<String>,
    pub(super) calendar: Given<String>,
    pub(super) username: Given<String>,
    pub(super) password: Given<String>,
    pub(super) password_env: Given<String>,
    pub(super) password_file: Given<String>,
    pub(super) organizer: Given<String>,
    pub(super) busy: Given<Vec<Spanned<String>>>,
    pub(super) client_id: Given<String>,
    pub(super) client_secret: Given<String>,
    pub(super) client_secret_env: Given<String>,
    pub(super) client_secret_file: Given<String>,
    pub(super) refresh_token_env: Given<String>,
    pub(super) refresh_token_file: Given<String>,
    pub(super) token_url: Given<String>,
    pub(super) authorize_url: Given<String>,
    pub(super) tenant: Given<String>,
    pub(super) user: Given<String>,
    pub(super) token: Given<String>,
    pub(super) token_env: Given<String>,
    pub(super) token_file: Given<String>,
    pub(super) email: Given<String>,
    pub(super) services: BTreeMap<String, Spanned<toml::Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Crm {
    pub(super) kind: Given<String>,
    pub(super) url: Given<String>,
    pub(super) database: Given<String>,
    pub(super) username: Given<String>,
    pub(super) password: Given<String>,
    pub(super) password_env: Given<String>,
    pub(super) password_file: Given<String>,
    pub(super) token: Given<String>,
    pub(super) token_env: Given<String>,
    pub(super) token_file: Given<String>,
    pub(super) client_id: Given<String>,
    pub(super) client_secret: Given<String>,
    pub(super) client_secret_env: Given<String>,
    pub(super) client_secret_file: Given<String>,
    pub(super) refresh_token_env: Given<String>,
    pub(super) refresh_token_file: Given<String>,
    pub(super) token_url: Given<String>,
    pub(super) authorize_url: Given<String>,
    pub(super) tenant: Given<String>,
    pub(super) secret: Given<String>,
    pub(super) secret_env: Given<String>,
    pub(super) secret_file: Given<String>,
    pub(super) mapping: Given<String>,
    pub(super) per_second: Given<i64>,
    pub(super) burst: Given<i64>,
    pub(super) per_day: Given<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Notices {
    pub(super) mail_to: Vec<Spanned<String>>,
    pub(super) slack: Given<String>,
    pub(super) slack_env: Given<String>,
    pub(super) slack_file: Given<String>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CrmPolicy {
    pub(super) version: Given<String>,
    pub(super) phase: Given<i64>,
    pub(super) meeting_phase: Given<i64>,
    pub(super) rules: BTreeMap<Spanned<String>, Spanned<String>>,
    pub(super) tasks_max: Given<i64>,
    pub(super) due_within_days: Given<i64>,
    pub(super) confidence_min: Given<f64>,
    pub(super) stages: Vec<Spanned<String>>,
    pub(super) stage_needs: BTreeMap<Spanned<String>, Vec<String>>,
    pub(super) allowed: BTreeMap<Spanned<String>, Vec<String>>,
    pub(super) chars_max: Given<i64>,
    pub(super) pace: Given<String>,
    pub(super) nightly_hour: Given<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Confirmations {
    pub(super) smtp: Given<String>,
    pub(super) from: Given<String>,
    pub(super) to: Vec<Spanned<String>>,
    pub(super) notify_customer: Given<Vec<Spanned<String>>>,
    pub(super) username: Given<String>,
    pub(super) password: Given<String>,
    pub(super) password_env: Given<String>,
    pub(super) password_file: Given<String>,
    pub(super) webhook: Given<String>,
    pub(super) webhook_secret: Given<String>,
    pub(super) webhook_secret_env: Given<String>,
    pub(super) webhook_secret_file: Given<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Webhook {
    pub(super) name: Spanned<String>,
    pub(super) url: Spanned<String>,
    pub(super) events: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) secrets: Vec<Spanned<String>>,
    pub(super) secrets_env: Given<String>,
    pub(super) secrets_file: Given<String>,
    #[serde(default)]
    pub(super) allow_private: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlatformSource {
    pub(super) name: Spanned<String>,
    pub(super) kind: Spanned<String>,
    pub(super) business: Given<String>,
    #[serde(default)]
    pub(super) secrets: Vec<Spanned<String>>,
    pub(super) secrets_env: Given<String>,
    pub(super) secrets_file: Given<String>,
    pub(super) public_key_file: Given<String>,
    pub(super) allow: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) hosts: Vec<Spanned<String>>,
    pub(super) api_url: Given<String>,
    pub(super) api_user: Given<String>,
    pub(super) api_password_env: Given<String>,
    pub(super) api_password_file: Given<String>,
    pub(super) wait_minutes: Given<i64>,
    #[serde(default)]
    pub(super) allow_private: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Store {
    pub(super) url: Given<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Http {
    pub(super) listen: Given<String>,
    pub(super) api_token: Given<String>,
    pub(super) api_token_file: Given<String>,
    pub(super) proxies: Vec<Spanned<String>>,
    pub(super) public_url: Given<String>,
    pub(super) share_days: Given<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Log {
    pub(super) level: Given<String>,
    pub(super) format: Given<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Testing {
    pub(super) now: Given<Value>,
}
