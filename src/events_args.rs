//! `offhook events`: events out, from the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use jiff::Timestamp;
use offhook::config::Config;
use offhook::store::{Store, StoreError};

use crate::once;

/// Events that are told to webhooks.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Send a range of events again, under the ids they had; works beside a running `serve` and without it.
    Replay(Replay),
}

/// What is sent again.
#[derive(Debug, clap::Args)]
pub struct Replay {
    /// Configuration; found as `serve` finds it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Events that happened from then on, like 2026-11-21T09:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    since: Timestamp,
    /// Before then; now when absent.
    #[arg(long, value_name = "INSTANT")]
    until: Option<Timestamp>,
    /// To this webhook only.
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
}

/// Enqueues them; 0 when that was done.
pub fn replay(config: &Config, args: &Replay) -> ExitCode {
    if let Some(unknown) = args.endpoint.as_ref().filter(|name| config.webhooks.iter().all(|one| one.name != **name)) {
        eprintln!("no [[webhooks]] has the name `{unknown}`");
        return ExitCode::from(2);
    }
    match once::run(enqueue(config, args)) {
        Ok(count) => {
            println!("{count} deliveries will be sent");
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}

async fn enqueue(config: &Config, args: &Replay) -> Result<u64, StoreError> {
    let store = Store::open(&config.store.url).await?;
    let now = Timestamp::now();
    let count = store.replay_events(args.since, args.until.unwrap_or(now), args.endpoint.as_deref(), now).await;
    store.close().await;
    count
}
