//! How the outbox treats the CRM of the configuration.

use std::sync::Arc;

use jiff::SignedDuration;
use offhook::config::{Config, CrmConfig, MailConfig};
use offhook::console::{self, TokenError};
use offhook::events::Share;
use offhook::outbox::{self, Limits};

/// The policy, the pace and the notices of the configuration; the reason when somebody cannot be told.
pub fn outbox_settings(config: &Config) -> Result<outbox::Settings, String> {
    let mail = config.notices.mail.as_ref().map(mail).transpose()?;
    let slack = config.notices.slack.as_ref().map(|url| url.reveal().to_owned());
    Ok(outbox::Settings {
        notices: outbox::Notices { mail, slack, ..outbox::Notices::default() },
        policy: Arc::new(config.crm_policy.policy.clone()),
        pace: config.crm_policy.pace,
        share: Some(share(config).map_err(|error| error.to_string())?),
        limits: match &config.crm {
            CrmConfig::Builtin => Limits::none(),
            CrmConfig::Remote(remote) => Limits {
                per_second: f64::from(remote.per_second),
                burst: remote.burst,
                per_day: u64::from(remote.per_day),
                ..Limits::default()
            },
        },
        ..outbox::Settings::default()
    })
}

/// Signs the links to what was said, with the key kept beside the database.
pub fn share(config: &Config) -> Result<Share, TokenError> {
    let key = console::kept_secret(config.store.data_dir(), "share-key")?;
    let lasts = SignedDuration::from_hours(24 * i64::from(config.http.share_days));
    Ok(Share::new(&key, &config.http.public_url, lasts))
}

/// Mail as configured; the reason when it cannot be sent.
pub fn mail(mail: &MailConfig) -> Result<outbox::Mail, String> {
    outbox::Mail::new(&outbox::MailSettings {
        url: mail.url.clone(),
        login: mail.login.as_ref().map(|(name, password)| (name.clone(), password.reveal().to_owned())),
        from: mail.from.clone(),
        to: mail.to.clone(),
    })
}
