//! How the outbox treats the CRM of the configuration.

use std::sync::Arc;

use offhook::config::{Config, CrmConfig, MailConfig};
use offhook::outbox::{self, Limits};

/// The policy, the pace and the notices of the configuration; the reason when somebody cannot be told.
pub fn outbox_settings(config: &Config) -> Result<outbox::Settings, String> {
    let mail = config.notices.mail.as_ref().map(mail).transpose()?;
    let slack = config.notices.slack.as_ref().map(|url| url.reveal().to_owned());
    Ok(outbox::Settings {
        notices: outbox::Notices { mail, slack, ..outbox::Notices::default() },
        policy: Arc::new(config.crm_policy.policy.clone()),
        pace: config.crm_policy.pace,
        limits: match config.crm {
            CrmConfig::Builtin => Limits::none(),
            CrmConfig::Remote(_) => Limits::default(),
        },
        ..outbox::Settings::default()
    })
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
