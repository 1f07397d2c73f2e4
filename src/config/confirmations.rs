//! `[confirmations]`: mail server and web address, and their secrets, which are never in an error.

use toml::Spanned;

use super::check::{read, text};
use super::error::{ConfigError, Source};
use super::raw;
use super::secret::{Secret, secret};
use super::settings::{ConfirmationsConfig, MailConfig, WebhookConfig};
use crate::outbox::Notify;

/// Checks the section.
pub(super) fn confirmations(source: &Source<'_>, raw: &raw::Confirmations) -> Result<ConfirmationsConfig, ConfigError> {
    let mail = mail(source, raw)?;
    let customer = notify(source, raw, mail.is_some())?;
    Ok(ConfirmationsConfig { mail, webhook: webhook(source, raw)?, customer })
}

/// What customers are written about; everything unless it is said otherwise.
fn notify(source: &Source<'_>, raw: &raw::Confirmations, has_mail: bool) -> Result<Notify, ConfigError> {
    let Some(given) = &raw.notify_customer else { return Ok(Notify::default()) };
    if !has_mail {
        return Err(source.at(given.span(), "customers are written to by mail; add smtp, from and to, or remove this"));
    }
    let mut notify = Notify { booked: false, moved: false, cancelled: false };
    for name in given.get_ref() {
        match name.get_ref().as_str() {
            "book" => notify.booked = true,
            "move" => notify.moved = true,
            "cancel" => notify.cancelled = true,
            other => {
                let what = format!("customers are not told of `{other}`; write \"book\", \"move\" or \"cancel\"");
                return Err(source.at(name.span(), what));
            }
        }
    }
    Ok(notify)
}

fn mail(source: &Source<'_>, raw: &raw::Confirmations) -> Result<Option<MailConfig>, ConfigError> {
    let password = secret(source, "password", [&raw.password, &raw.password_env, &raw.password_file])?;
    let Some(url) = read(source, &raw.smtp, |text| server(text))? else {
        let given = [&raw.from, &raw.username].into_iter().flatten().map(Spanned::span);
        let stray = given.chain(raw.to.first().map(Spanned::span)).chain(password.map(|p| p.span())).next();
        return match stray {
            Some(at) => Err(source.at(at, "mail needs a server; add smtp = \"smtps://mail.example.com\"")),
            None => Ok(None),
        };
    };
    let at = raw.smtp.as_ref().map_or(0..0, Spanned::span);
    let from = text(source, "from", &raw.from)?;
    let from = from.ok_or_else(|| source.at(at.clone(), "mail has a sender; add from = \"desk@example.com\""))?;
    if raw.to.is_empty() {
        return Err(source.at(at, "mail goes to somebody; add to = [\"desk@example.com\"]"));
    }
    let login = match (text(source, "username", &raw.username)?, password) {
        (Some(name), Some(password)) => Some((name, password.into_inner())),
        (None, None) => None,
        _ => return Err(source.at(at, "username and password go together; set both or none")),
    };
    let to = raw.to.iter().map(|one| address(one.get_ref()).map_err(|what| source.at(one.span(), what)));
    Ok(Some(MailConfig { url, login, from, to: to.collect::<Result<_, _>>()? }))
}

fn webhook(source: &Source<'_>, raw: &raw::Confirmations) -> Result<Option<WebhookConfig>, ConfigError> {
    let given = [&raw.webhook_secret, &raw.webhook_secret_env, &raw.webhook_secret_file];
    let secret = secret(source, "webhook_secret", given)?;
    let url = read(source, &raw.webhook, |text| match text.starts_with("https://") || text.starts_with("http://") {
        true => Ok(text.clone()),
        false => Err("this is no web address; write it like \"https://example.com/hook\"".to_owned()),
    })?;
    match (url, secret, &raw.webhook) {
        (Some(url), Some(secret), _) => Ok(Some(WebhookConfig { url: Secret::new(url), secret: secret.into_inner() })),
        (None, None, _) => Ok(None),
        (Some(_), None, raw) => {
            let at = raw.as_ref().map_or(0..0, Spanned::span);
            Err(source.at(at, "requests are signed; set webhook_secret_file, webhook_secret_env or webhook_secret"))
        }
        (None, Some(secret), _) => Err(source.at(secret.span(), "a secret without a webhook; set both or none")),
    }
}

fn server(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("smtps://").or_else(|| text.strip_prefix("smtp://"));
    match rest {
        Some(rest) if rest.contains('@') => Err("no name and password in smtp; use username and password".to_owned()),
        Some(rest) if !rest.is_empty() => Ok(text.to_owned()),
        _ => Err(format!(
            "`{text}` is no mail server; write it like \"smtps://mail.example.com\" or \
             \"smtp://mail.example.com:587?tls=required\""
        )),
    }
}

pub(super) fn address(text: &str) -> Result<String, String> {
    match text.split_once('@') {
        Some((name, host)) if !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace) => {
            Ok(text.to_owned())
        }
        _ => Err(format!("`{text}` is no e-mail address; write it like \"desk@example.com\"")),
    }
}
