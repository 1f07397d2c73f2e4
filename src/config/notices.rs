//! `[notices]`: who is told when something waits for a person.

use toml::Spanned;

use super::confirmations::address;
use super::error::{ConfigError, Source};
use super::raw;
use super::secret::secret;
use super::settings::{MailConfig, NoticesConfig};

/// Checks the section. Mail goes through the server of `[confirmations]`.
pub(super) fn notices(
    source: &Source<'_>,
    raw: &raw::Notices,
    mail: Option<&MailConfig>,
) -> Result<NoticesConfig, ConfigError> {
    let slack = secret(source, "slack", [&raw.slack, &raw.slack_env, &raw.slack_file])?;
    if let Some(slack) = slack.as_ref().filter(|slack| !slack.get_ref().reveal().starts_with("http")) {
        return Err(source.at(slack.span(), "slack is a web address that begins with https://"));
    }
    let to = raw.mail_to.iter().map(|one| address(one.get_ref()).map_err(|what| source.at(one.span(), what)));
    let to = to.collect::<Result<Vec<_>, _>>()?;
    let mail = match (raw.mail_to.first(), mail) {
        (None, _) => None,
        (Some(_), Some(mail)) => Some(MailConfig { to, ..mail.clone() }),
        (Some(first), None) => {
            return Err(
                source.at(first.span(), "notices go through the mail server of [confirmations]; add smtp there")
            );
        }
    };
    Ok(NoticesConfig { mail, slack: slack.map(Spanned::into_inner) })
}
