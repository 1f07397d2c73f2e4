//! From `[calendar]` to the calendar that is booked in; and `offhook calendar login`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use offhook::calendar::{
    Acuity, AcuitySettings, BuiltIn, CalDav, CalDavSettings, Calendar, CalendarError, Calendly, CalendlySettings,
    Clock, Google, GoogleSettings, Graph, GraphSettings, Login, LoginError, OAuthSettings,
};
use offhook::config::{CalendarConfig, Config, PermissionConfig, Secret};
use offhook::store::Store;

use crate::once;

/// What can be done about calendars.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Allow offhook to use the Google or Microsoft calendar of the configuration: once, in a browser.
    Login {
        /// Configuration; found as `serve` finds it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Where the browser comes back to on this machine, for providers that want the port told before; 0 takes any.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

/// The calendar to book in; one on a server is looked at meanwhile, and what is wrong with it is said, but calls are
/// answered whatever it says.
pub fn open(config: &Config, store: &Store, clock: Clock) -> Result<Arc<dyn Calendar>, CalendarError> {
    match &config.calendar {
        CalendarConfig::Builtin => Ok(Arc::new(BuiltIn::with_clock(store.clone(), clock))),
        CalendarConfig::CalDav(remote) => {
            let settings = CalDavSettings {
                url: remote.url.clone(),
                username: remote.username.clone(),
                password: shown(&remote.password),
                calendar: remote.calendar.clone(),
                organizer: remote.organizer.clone(),
            };
            let calendar = Arc::new(CalDav::new(settings, clock)?);
            let probed = calendar.clone();
            tokio::spawn(async move { tell(probed.probe().await, "correct url, calendar, username or password") });
            Ok(calendar)
        }
        CalendarConfig::Google(remote) => {
            let settings = GoogleSettings {
                url: remote.url.clone(),
                calendar: remote.calendar.clone(),
                busy: remote.busy.clone(),
                oauth: oauth(config, &remote.permission),
            };
            let calendar = Arc::new(Google::open(settings, clock)?);
            let probed = calendar.clone();
            tokio::spawn(async move { tell(probed.probe().await, "correct the section or log in") });
            Ok(calendar)
        }
        CalendarConfig::Microsoft(remote) => {
            let settings = GraphSettings {
                url: remote.url.clone(),
                calendar: remote.calendar.clone(),
                user: remote.user.clone(),
                busy: remote.busy.clone(),
                oauth: oauth(config, &remote.permission),
            };
            let calendar = Arc::new(Graph::open(settings, clock)?);
            let probed = calendar.clone();
            tokio::spawn(async move { tell(probed.probe().await, "correct the section or log in") });
            Ok(calendar)
        }
        CalendarConfig::Calendly(remote) => {
            let settings = CalendlySettings {
                url: remote.url.clone(),
                token: remote.token.reveal().to_owned(),
                email: remote.email.clone(),
                services: remote.services.clone(),
            };
            let calendar = Arc::new(Calendly::open(settings, clock)?);
            let probed = calendar.clone();
            tokio::spawn(async move { tell(probed.probe().await, "correct token or services") });
            Ok(calendar)
        }
        CalendarConfig::Acuity(remote) => {
            let settings = AcuitySettings {
                url: remote.url.clone(),
                user: remote.username.clone(),
                key: remote.password.reveal().to_owned(),
                calendar: remote.calendar,
                email: remote.email.clone(),
                services: remote.services.clone(),
            };
            let calendar = Arc::new(Acuity::open(settings, clock)?);
            let probed = calendar.clone();
            tokio::spawn(async move { tell(probed.probe().await, "correct username, password or services") });
            Ok(calendar)
        }
    }
}

/// Logs in; exit code 0 when the permission is kept.
pub fn login(config: &Config, port: u16) -> ExitCode {
    let permission = match &config.calendar {
        CalendarConfig::Google(remote) => &remote.permission,
        CalendarConfig::Microsoft(remote) => &remote.permission,
        _ => {
            eprintln!("[calendar] of {} needs no login: only google and microsoft do", config.origin);
            return ExitCode::from(crate::ASKED_WRONGLY);
        }
    };
    logged_in_at(oauth(config, permission), port, config)
}

/// Waits for the browser; exit code 0 when the permission is kept.
pub fn logged_in_at(settings: OAuthSettings, port: u16, config: &Config) -> ExitCode {
    match once::run(logged_in(settings, port)) {
        Ok(()) => {
            println!("allowed; the permission is kept sealed in {}", config.store.data_dir().display());
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}

async fn logged_in(settings: OAuthSettings, port: u16) -> Result<(), LoginError> {
    let login = Login::begin(settings, port).await?;
    println!("open this in a browser on this machine, and allow it:\n{}", login.address()?);
    login.finish().await
}

fn oauth(config: &Config, permission: &PermissionConfig) -> OAuthSettings {
    OAuthSettings {
        name: permission.name.clone(),
        token_url: permission.token_url.clone(),
        authorize_url: permission.authorize_url.clone(),
        scope: permission.scope.clone(),
        client_id: permission.client_id.clone(),
        client_secret: shown(&permission.client_secret),
        refresh_token: shown(&permission.refresh_token),
        machine: false,
        room: "calendar",
        folder: config.store.data_dir().to_owned(),
        seal_key: seal_key(),
    }
}

/// The key that permissions are sealed with; none for the one in their folder.
pub fn seal_key() -> Option<String> {
    std::env::var("OFFHOOK_SEAL_KEY").ok().filter(|key| !key.is_empty())
}

/// A secret where it is used.
pub fn shown(secret: &Option<Secret>) -> Option<String> {
    secret.as_ref().map(|secret| secret.reveal().to_owned())
}

/// Says at start what a caller would meet.
fn tell(probed: Result<String, CalendarError>, remedy: &str) {
    match probed {
        Ok(found) => tracing::info!(calendar = found, "the calendar answers"),
        Err(error @ CalendarError::Unavailable(_)) => {
            tracing::error!("[calendar] {error}; start the server or correct url. Until then callers leave messages")
        }
        Err(error @ CalendarError::Rejected(_)) => {
            tracing::error!("[calendar] {error}; {remedy} and start again. Until then callers leave messages");
        }
    }
}
