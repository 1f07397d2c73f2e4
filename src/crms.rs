//! From `[crm]` to the CRM that is written to; and `offhook crm`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use offhook::cloud::{OAuthSettings, Trouble};
use offhook::config::{Config, CrmAccess, CrmConfig, CrmKind, CrmRemoteConfig};
use offhook::crm::{
    Access, BuiltIn, Checked, Crm, CrmError, Dynamics, HubSpot, Mapping, MappingError, Pipedrive, Salesforce, Tryton,
    TrytonLogin, WebhookCrm, shipped,
};
use offhook::events::Secrets;
use offhook::store::Store;

use crate::calendars::{logged_in_at, seal_key, shown};
use crate::once;

/// What can be done about the CRM.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Allow offhook to use the CRM of the configuration: once, in a browser.
    Login {
        /// Configuration; found as `serve` finds it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Where the browser comes back to on this machine, for providers that want the port told before; 0 takes any.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Hold the mapping file against the CRM: missing fields, other types, values that are gone.
    Check {
        /// Configuration; found as `serve` finds it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Write, read and delete a record of each kind, and say what does not work.
    Probe {
        /// Configuration; found as `serve` finds it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Show what a call sends to the CRM, names and numbers masked.
    Preview {
        /// The call's id.
        call: String,
        /// Configuration; found as `serve` finds it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Print the mapping file that comes with offhook, to be changed and named in `[crm] mapping`.
    Mapping {
        /// hubspot, salesforce, pipedrive, dynamics or tryton.
        kind: String,
    },
}

/// What keeps the CRM from being opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its mapping file.
    #[error("[crm] mapping: {0}")]
    Mapping(#[from] MappingError),
    /// Its section.
    #[error("[crm] {0}")]
    Trouble(#[from] Trouble),
}

/// The CRM to write to; one on a server is held against its mapping at once and every night, and what is wrong is said,
/// but calls are answered whatever it says.
pub fn open(config: &Config, store: &Store) -> Result<Arc<dyn Crm>, OpenError> {
    let CrmConfig::Remote(remote) = &config.crm else { return Ok(Arc::new(BuiltIn::new(store.clone()))) };
    let crm = connect(config, remote)?;
    let watched = crm.clone();
    tokio::spawn(async move {
        loop {
            tell(watched.check().await);
            tokio::time::sleep(NIGHT).await;
        }
    });
    Ok(crm)
}

/// Runs one of the commands; exit code 0 when all is well.
pub fn run(config: &Config, command: &Command) -> ExitCode {
    let CrmConfig::Remote(remote) = &config.crm else {
        eprintln!("[crm] of {} is the built-in one, which needs no login and no mapping", config.origin);
        return ExitCode::from(crate::ASKED_WRONGLY);
    };
    match command {
        Command::Login { port, .. } => match access(config, remote) {
            Access::OAuth(settings) if !settings.machine => logged_in_at(*settings, *port, config),
            _ => {
                eprintln!("[crm] of {} needs no login: it has a token or a client of its own", config.origin);
                ExitCode::from(crate::ASKED_WRONGLY)
            }
        },
        _ => checked(config, remote),
    }
}

/// Prints a mapping file; exit code 0 when there is one.
pub fn print(kind: &str) -> ExitCode {
    match shipped(kind) {
        Some(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("no mapping of `{kind}`; known: hubspot, salesforce, pipedrive, dynamics, tryton");
            ExitCode::from(crate::ASKED_WRONGLY)
        }
    }
}

fn checked(config: &Config, remote: &CrmRemoteConfig) -> ExitCode {
    let found = once::run(async {
        let crm = connect(config, remote).map_err(|error| error.to_string())?;
        crm.check().await.map_err(|error| error.to_string())
    });
    match found {
        Ok(differences) if differences.is_empty() => {
            println!("the CRM has every field of the mapping");
            ExitCode::SUCCESS
        }
        Ok(differences) => {
            differences.iter().for_each(|one| eprintln!("{one}"));
            ExitCode::FAILURE
        }
        Err(code) => code,
    }
}

fn connect(config: &Config, remote: &CrmRemoteConfig) -> Result<Arc<dyn Checked>, OpenError> {
    let name = match remote.kind {
        CrmKind::HubSpot => "hubspot",
        CrmKind::Salesforce => "salesforce",
        CrmKind::Pipedrive => "pipedrive",
        CrmKind::Dynamics => "dynamics",
        CrmKind::Tryton => "tryton",
        CrmKind::Webhook => return listener(remote),
    };
    let mapping = match &remote.mapping {
        Some(path) => Mapping::load(path)?,
        None => Mapping::parse(name, shipped(name).unwrap_or_default())?,
    };
    // All businesses write to one CRM, where a field is a field.
    let questions = config.businesses.iter().map(|business| &business.policy.questions[..]);
    let mapping = questions.fold(mapping, Mapping::with_answers);
    let (url, access) = (remote.url.as_str(), access(config, remote));
    Ok(match (remote.kind, &remote.access) {
        (CrmKind::HubSpot, _) => Arc::new(HubSpot::open(url, access, mapping)?),
        (CrmKind::Salesforce, _) => Arc::new(Salesforce::open(url, access, mapping)?),
        (CrmKind::Pipedrive, _) => Arc::new(Pipedrive::open(url, access, mapping)?),
        (CrmKind::Dynamics, _) => Arc::new(Dynamics::open(url, access, mapping)?),
        (CrmKind::Tryton, CrmAccess::Password { database, username, password }) => {
            let password = password.reveal().to_owned();
            let login = TrytonLogin { database: database.clone(), user: username.clone(), password };
            Arc::new(Tryton::open(url, login, mapping)?)
        }
        (CrmKind::Tryton | CrmKind::Webhook, _) => {
            return Err(Trouble::Refused("there is no password".to_owned()).into());
        }
    })
}

/// Needs no mapping: it is told in offhook's own words.
fn listener(remote: &CrmRemoteConfig) -> Result<Arc<dyn Checked>, OpenError> {
    let CrmAccess::Signed(secret) = &remote.access else {
        return Err(Trouble::Refused("there is no secret".to_owned()).into());
    };
    let secrets = Secrets::new(&[secret.reveal()]).map_err(|bad| Trouble::Refused(bad.to_string()))?;
    Ok(Arc::new(WebhookCrm::open(&remote.url, secrets)?))
}

fn access(config: &Config, remote: &CrmRemoteConfig) -> Access {
    match &remote.access {
        CrmAccess::Token(token) | CrmAccess::Password { password: token, .. } | CrmAccess::Signed(token) => {
            Access::Token(token.reveal().to_owned())
        }
        CrmAccess::Permission { permission, machine } => Access::OAuth(Box::new(OAuthSettings {
            name: permission.name.clone(),
            token_url: permission.token_url.clone(),
            authorize_url: permission.authorize_url.clone(),
            scope: permission.scope.clone(),
            client_id: permission.client_id.clone(),
            client_secret: shown(&permission.client_secret),
            refresh_token: shown(&permission.refresh_token),
            machine: *machine,
            room: "crm",
            folder: config.store.data_dir().to_owned(),
            seal_key: seal_key(),
        })),
    }
}

/// Drift is an alarm: what is written meanwhile may be refused, and waits for a person.
fn tell(found: Result<Vec<String>, CrmError>) {
    match found {
        Ok(differences) if differences.is_empty() => tracing::info!("the CRM has every field of the mapping"),
        Ok(differences) => differences.iter().for_each(|one| tracing::error!("[crm] {one}")),
        Err(error) => tracing::error!("[crm] {error}; until then what calls leave behind waits in the queue"),
    }
}

const NIGHT: Duration = Duration::from_secs(24 * 3600);
