//! `[crm]`: which one, where it is, and who we are there; secrets are never in an error.

use std::path::PathBuf;

use toml::Spanned;

use super::calendar::unexpected;
use super::check::{number, text};
use super::error::{ConfigError, Source};
use super::hosted::{Granting, granted, url};
use super::raw::{self, Given};
use super::secret::{Secret, secret};
use super::settings::{CrmAccess, CrmConfig, CrmKind, CrmRemoteConfig, PermissionConfig};
use crate::events::Secrets;

/// Checks the section; secrets from files and the environment are resolved here, where their line is known.
pub(super) fn crm(source: &Source<'_>, raw: &raw::Crm) -> Result<CrmConfig, ConfigError> {
    let name = raw.kind.as_ref().map_or("builtin", |kind| kind.get_ref().as_str());
    let Some((_, keys)) = KINDS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = KINDS.iter().map(|(known, _)| *known).collect();
        return Err(wrong(source, raw, &format!("no crm `{name}`; known: {}", known.join(", "))));
    };
    let given = written(raw).into_iter().filter_map(|(key, given)| Some((key, given.as_ref()?.span())));
    unexpected(source, "crm", name, keys, given.into_iter().find(|(key, _)| !keys.contains(key)))?;
    let kind = match name {
        "hubspot" => CrmKind::HubSpot,
        "salesforce" => CrmKind::Salesforce,
        "pipedrive" => CrmKind::Pipedrive,
        "dynamics" => CrmKind::Dynamics,
        "tryton" => CrmKind::Tryton,
        "webhook" => CrmKind::Webhook,
        _ => return builtin(source, raw),
    };
    let root = address(source, raw, kind)?;
    let access = match kind {
        CrmKind::Tryton => password(source, raw)?,
        CrmKind::Webhook => signed(source, raw)?,
        _ => access(source, raw, kind, &root)?,
    };
    let path = match kind {
        CrmKind::Salesforce => "/services/data/v62.0",
        CrmKind::Pipedrive => "/api",
        CrmKind::Dynamics => "/api/data/v9.2",
        CrmKind::HubSpot | CrmKind::Tryton | CrmKind::Webhook => "",
    };
    let mapping = text(source, "mapping", &raw.mapping)?.map(PathBuf::from);
    let url = format!("{root}{path}");
    Ok(CrmConfig::Remote(Box::new(CrmRemoteConfig {
        kind,
        url,
        access,
        mapping,
        per_second: number(source, "per_second", &raw.per_second, PER_SECOND, 1..=1_000)?,
        burst: number(source, "burst", &raw.burst, BURST, 1..=10_000)?,
        per_day: number(source, "per_day", &raw.per_day, PER_DAY, 1..=i64::from(u32::MAX))?,
    })))
}

/// Nobody is asked on another machine.
fn builtin(source: &Source<'_>, raw: &raw::Crm) -> Result<CrmConfig, ConfigError> {
    let limits = [("per_second", &raw.per_second), ("burst", &raw.burst), ("per_day", &raw.per_day)];
    match limits.into_iter().find_map(|(key, given)| Some((key, given.as_ref()?.span()))) {
        Some((key, span)) => Err(source.at(span, format!("a crm of kind \"builtin\" has no {key}; leave it out"))),
        None => Ok(CrmConfig::Builtin),
    }
}

fn address(source: &Source<'_>, raw: &raw::Crm, kind: CrmKind) -> Result<String, ConfigError> {
    let example = match kind {
        CrmKind::HubSpot => return url(source, &raw.url, HUBSPOT_URL),
        CrmKind::Salesforce => "https://example.my.salesforce.com",
        CrmKind::Pipedrive => "https://example.pipedrive.com",
        CrmKind::Dynamics => "https://example.crm.dynamics.com",
        CrmKind::Tryton => "https://tryton.example.com",
        CrmKind::Webhook => "https://hooks.example.com/crm",
    };
    match &raw.url {
        None => Err(wrong(source, raw, &format!("url is missing; write your own, like url = \"{example}\""))),
        given => url(source, given, ""),
    }
}

/// A token that stays, or a client that may be allowed.
fn access(source: &Source<'_>, raw: &raw::Crm, kind: CrmKind, root: &str) -> Result<CrmAccess, ConfigError> {
    let token = secret(source, "token", [&raw.token, &raw.token_env, &raw.token_file])?;
    match (token, &raw.client_id) {
        (Some(_), Some(client)) => Err(source.at(client.span(), "both a token and client_id; keep one of them")),
        (Some(token), None) => Ok(CrmAccess::Token(token.into_inner())),
        (None, None) => {
            Err(wrong(source, raw, "who we are there is missing; set token_file, token_env or token, or client_id"))
        }
        (None, Some(_)) => {
            let (permission, machine) = permission(source, raw, kind, root)?;
            Ok(CrmAccess::Permission { permission, machine })
        }
    }
}

fn permission(
    source: &Source<'_>,
    raw: &raw::Crm,
    kind: CrmKind,
    root: &str,
) -> Result<(PermissionConfig, bool), ConfigError> {
    let tenant = text(source, "tenant", &raw.tenant)?;
    // A client of one's own tenant is allowed by its administrator, without a user.
    let machine = kind == CrmKind::Dynamics && tenant.is_some();
    let microsoft = format!("{MICROSOFT_LOGIN}/{}/oauth2/v2.0", tenant.as_deref().unwrap_or("organizations"));
    let (token_url, authorize_url, scope) = match kind {
        CrmKind::HubSpot => (HUBSPOT_TOKEN_URL.to_owned(), HUBSPOT_AUTHORIZE_URL.to_owned(), HUBSPOT_SCOPE.to_owned()),
        CrmKind::Pipedrive => (PIPEDRIVE_TOKEN_URL.to_owned(), PIPEDRIVE_AUTHORIZE_URL.to_owned(), "base".to_owned()),
        CrmKind::Dynamics if machine => (format!("{microsoft}/token"), String::new(), format!("{root}/.default")),
        CrmKind::Dynamics => {
            let scope = format!("offline_access {root}/user_impersonation");
            (format!("{microsoft}/token"), format!("{microsoft}/authorize"), scope)
        }
        CrmKind::Salesforce | CrmKind::Tryton | CrmKind::Webhook => {
            let oauth = format!("{root}/services/oauth2");
            (format!("{oauth}/token"), format!("{oauth}/authorize"), "api refresh_token".to_owned())
        }
    };
    let permission = granted(
        source,
        &Granting {
            name: "crm",
            kind: &raw.kind,
            client_id: &raw.client_id,
            client_secret: [&raw.client_secret, &raw.client_secret_env, &raw.client_secret_file],
            refresh_token: [&raw.refresh_token_env, &raw.refresh_token_file],
            token_url: (&raw.token_url, &token_url),
            authorize_url: (&raw.authorize_url, &authorize_url),
            scope: &scope,
        },
    )?;
    Ok((permission, machine))
}

fn password(source: &Source<'_>, raw: &raw::Crm) -> Result<CrmAccess, ConfigError> {
    let needed = |key: &str, given: &Given<String>| {
        text(source, key, given)?.ok_or_else(|| wrong(source, raw, &format!("Tryton needs {key}; write it here")))
    };
    let password: Option<Spanned<Secret>> =
        secret(source, "password", [&raw.password, &raw.password_env, &raw.password_file])?;
    let password = password
        .ok_or_else(|| wrong(source, raw, "Tryton needs a password; set password_file, password_env or password"))?;
    Ok(CrmAccess::Password {
        database: needed("database", &raw.database)?,
        username: needed("username", &raw.username)?,
        password: password.into_inner(),
    })
}

fn signed(source: &Source<'_>, raw: &raw::Crm) -> Result<CrmAccess, ConfigError> {
    let secret = secret(source, "secret", [&raw.secret, &raw.secret_env, &raw.secret_file])?;
    let secret = secret.ok_or_else(|| {
        wrong(source, raw, "requests are signed; set secret_file, secret_env or secret, the same as on the other side")
    })?;
    match Secrets::new(&[secret.get_ref().reveal()]) {
        Ok(_) => Ok(CrmAccess::Signed(secret.into_inner())),
        Err(bad) => Err(source.at(secret.span(), format!("this secret cannot be used: {bad}"))),
    }
}

fn wrong(source: &Source<'_>, raw: &raw::Crm, message: &str) -> ConfigError {
    source.at(raw.kind.as_ref().map_or(0..0, Spanned::span), message)
}

fn written(raw: &raw::Crm) -> [(&'static str, &Given<String>); 22] {
    [
        ("url", &raw.url),
        ("mapping", &raw.mapping),
        ("database", &raw.database),
        ("username", &raw.username),
        ("password", &raw.password),
        ("password_env", &raw.password_env),
        ("password_file", &raw.password_file),
        ("token", &raw.token),
        ("token_env", &raw.token_env),
        ("token_file", &raw.token_file),
        ("client_id", &raw.client_id),
        ("client_secret", &raw.client_secret),
        ("client_secret_env", &raw.client_secret_env),
        ("client_secret_file", &raw.client_secret_file),
        ("refresh_token_env", &raw.refresh_token_env),
        ("refresh_token_file", &raw.refresh_token_file),
        ("token_url", &raw.token_url),
        ("authorize_url", &raw.authorize_url),
        ("tenant", &raw.tenant),
        ("secret", &raw.secret),
        ("secret_env", &raw.secret_env),
        ("secret_file", &raw.secret_file),
    ]
}

/// Which CRMs there are, and which keys each has.
const KINDS: [(&str, &[&str]); 7] = [
    ("builtin", &[]),
    ("hubspot", &GRANTED),
    ("salesforce", &GRANTED),
    ("pipedrive", &GRANTED),
    (
        "dynamics",
        &[
            "url",
            "mapping",
            "client_id",
            "client_secret",
            "client_secret_env",
            "client_secret_file",
            "refresh_token_env",
            "refresh_token_file",
            "token_url",
            "authorize_url",
            "tenant",
        ],
    ),
    ("tryton", &["url", "mapping", "database", "username", "password", "password_env", "password_file"]),
    ("webhook", &["url", "secret", "secret_env", "secret_file"]),
];
const GRANTED: [&str; 13] = [
    "url",
    "mapping",
    "token",
    "token_env",
    "token_file",
    "client_id",
    "client_secret",
    "client_secret_env",
    "client_secret_file",
    "refresh_token_env",
    "refresh_token_file",
    "token_url",
    "authorize_url",
];
/// HubSpot's private apps, the tightest of those we know: 100 in 10 s, 250,000 a day.
const PER_SECOND: u32 = 10;
const BURST: u32 = 50;
const PER_DAY: u32 = 250_000;
const HUBSPOT_URL: &str = "https://api.hubapi.com";
const HUBSPOT_TOKEN_URL: &str = "https://api.hubapi.com/oauth/v1/token";
const HUBSPOT_AUTHORIZE_URL: &str = "https://app.hubspot.com/oauth/authorize";
const HUBSPOT_SCOPE: &str = "oauth crm.objects.contacts.read crm.objects.contacts.write crm.objects.deals.read \
                             crm.objects.deals.write crm.schemas.contacts.read crm.schemas.deals.read";
const PIPEDRIVE_TOKEN_URL: &str = "https://oauth.pipedrive.com/oauth/token";
const PIPEDRIVE_AUTHORIZE_URL: &str = "https://oauth.pipedrive.com/oauth/authorize";
const MICROSOFT_LOGIN: &str = "https://login.microsoftonline.com";
