//! `offhook queue`, `audit`, `reconcile`, `crm preview` and `crm probe`: what ops does to the paperwork, with or without a running server.
//! Rows made ready here are delivered by the running server within seconds, else at its next start.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Subcommand;
use jiff::Timestamp;
use offhook::config::Config;
use offhook::outbox::{self, reconcile, roll_back};
use offhook::store::{AuditSearch, JobRow, JobState, Store};

use crate::{crms, delivery, once};

/// Outgoing work.
#[derive(Debug, Subcommand)]
pub enum Queue {
    /// What is under way or waits for somebody, newest first.
    List {
        /// Only rows in this state ("parked", "retrying", "awaiting_approval", "done", ...).
        #[arg(long)]
        state: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One row, whole.
    Show {
        /// Its number.
        id: i64,
    },
    /// Make a parked or retrying row ready at once.
    Retry {
        /// Its number.
        id: i64,
    },
    /// Put a row aside.
    Park {
        /// Its number.
        id: i64,
        /// Why.
        #[arg(long, default_value = "parked by hand")]
        reason: String,
    },
    /// Make every parked and retrying row ready at once.
    Drain,
    /// Take back what a row wrote: delete what it made, restore what it changed.
    Rollback {
        /// Its number.
        id: i64,
        /// In whose name.
        #[arg(long)]
        by: String,
    },
}

/// The record of every step.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Follow the chain of hashes from the first row to the last.
    Verify,
    /// Steps, a line of JSON each.
    Search {
        /// Of this call or meeting.
        #[arg(long)]
        call: Option<String>,
        /// About this record of the CRM.
        #[arg(long)]
        object: Option<String>,
        /// About this field.
        #[arg(long)]
        field: Option<String>,
    },
    /// All of it, a line of JSON each.
    Export,
    /// Send everything of a call or meeting through the queue again, under the same keys: what is there stays single.
    Replay {
        /// Its id.
        call: String,
    },
}

/// Everything of this file.
#[derive(Debug)]
pub enum Command {
    Queue(Queue),
    Audit(Audit),
    Reconcile { since: Timestamp },
    Preview { call: String },
    Probe,
}

/// Carries it out; exit code 0 when it was done.
pub fn run(config: &Config, command: &Command) -> ExitCode {
    match once::run(carry_out(config, command)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(code) => code,
    }
}

type Outcome = Result<bool, Box<dyn std::error::Error>>;

async fn carry_out(config: &Config, command: &Command) -> Outcome {
    let store = Store::open(&config.store.url).await?;
    let done = match command {
        Command::Queue(queue) => self::queue(config, &store, queue).await,
        Command::Audit(audit) => self::audit(&store, audit).await,
        Command::Reconcile { since } => reconciled(config, &store, *since).await,
        Command::Preview { call } => preview(config, &store, call).await,
        Command::Probe => probe(config, &store).await,
    };
    store.close().await;
    done
}

async fn queue(config: &Config, store: &Store, queue: &Queue) -> Outcome {
    let now = Timestamp::now();
    match queue {
        Queue::List { state, limit } => {
            let state = match state.as_deref().map(|word| JobState::parse(word).ok_or(word)) {
                Some(Err(word)) => return Err(format!("no state `{word}`; known: {}", states()).into()),
                Some(Ok(state)) => Some(state),
                None => None,
            };
            let rows = store.jobs(state, *limit).await?;
            let shown = rows.iter().filter(|row| state.is_some() || row.state != JobState::Done);
            shown.for_each(|row| say(&line(row)));
            Ok(true)
        }
        Queue::Show { id } => match store.job(*id).await? {
            Some(row) => {
                say(&serde_json::to_string_pretty(&row)?);
                Ok(true)
            }
            None => Err(format!("there is no row {id}").into()),
        },
        Queue::Retry { id } => Ok(told(store.retry_job(*id, now).await?, "ready", "it is neither parked nor retrying")),
        Queue::Park { id, reason } => {
            Ok(told(store.park_job(*id, reason, now).await?, "parked", "it is leased, done or unknown"))
        }
        Queue::Drain => {
            say(&format!("{} rows are ready", store.drain_jobs(now).await?));
            Ok(true)
        }
        Queue::Rollback { id, by } => {
            let done = roll_back(store, &*crms::open(config, store)?, *id, by).await?;
            match done.deleted {
                true => say("deleted"),
                false => say(&format!("restored: {}", done.restored.join(", "))),
            }
            if !done.left.is_empty() {
                say(&format!("changed by somebody since, left alone: {}", done.left.join(", ")));
            }
            Ok(done.left.is_empty())
        }
    }
}

async fn audit(store: &Store, audit: &Audit) -> Outcome {
    match audit {
        Audit::Verify => {
            let check = store.verify_audit().await?;
            match check.broken_at {
                None => say(&format!("{} rows, none changed, missing or put in", check.rows)),
                Some(seq) => say(&format!("broken at row {seq}: it, or the one before, is not what was written")),
            }
            Ok(check.broken_at.is_none())
        }
        Audit::Search { call, object, field } => {
            let search = AuditSearch {
                correlation_id: call.clone(),
                object_id: object.clone(),
                field: field.clone(),
                ..AuditSearch::default()
            };
            print_audit(store, search).await
        }
        Audit::Export => print_audit(store, AuditSearch::default()).await,
        Audit::Replay { call } => {
            let rows = store.jobs_of_call(call).await?;
            let mut ready = 0;
            for row in &rows {
                let now = Timestamp::now();
                let again = match row.state {
                    JobState::Done => store.repair_job(row.id, now).await?,
                    _ => store.retry_job(row.id, now).await?,
                };
                ready += u32::from(again);
            }
            say(&format!("{ready} of {} rows are ready", rows.len()));
            Ok(!rows.is_empty())
        }
    }
}

async fn print_audit(store: &Store, search: AuditSearch) -> Outcome {
    let mut search = AuditSearch { limit: PAGE, ..search };
    loop {
        let page = store.audit(&search).await?;
        let Some(last) = page.last() else { return Ok(true) };
        search.after = last.seq;
        for row in &page {
            say(&serde_json::to_string(row)?);
        }
    }
}

async fn reconciled(config: &Config, store: &Store, since: Timestamp) -> Outcome {
    let found =
        reconcile(store, &*crms::open(config, store)?, &delivery::outbox_settings(config)?, &config.businesses, since)
            .await?;
    say(&format!(
        "{} calls, {} records expected: {} there, {} under way or waiting for somebody, {} missing and queued again",
        found.calls,
        found.expected,
        found.present,
        found.waiting,
        found.repaired.len()
    ));
    found.repaired.iter().for_each(|key| say(&format!("  {key}")));
    Ok(true)
}

async fn preview(config: &Config, store: &Store, call: &str) -> Outcome {
    let Some(call) = store.call(call).await? else { return Err(format!("there is no call {call}").into()) };
    for payload in outbox::preview(&call, &delivery::outbox_settings(config)?, &config.businesses) {
        say(&serde_json::to_string_pretty(&payload)?);
    }
    Ok(true)
}

async fn probe(config: &Config, store: &Store) -> Outcome {
    let crm = crms::open(config, store)?;
    let business = config.businesses.first().map(|business| business.id.as_str()).unwrap_or_default();
    let mut good = true;
    for found in outbox::probe(&*crm, business).await {
        match &found.trouble {
            None => say(&format!("{}: {} can be written, read and deleted", crm.name(), found.object)),
            Some(trouble) => say(&format!("{}: {}: {trouble}", crm.name(), found.object)),
        }
        good &= found.trouble.is_none();
    }
    Ok(good)
}

fn line(row: &JobRow) -> String {
    let reason = row.reason.as_deref().map(|reason| format!("  {reason}")).unwrap_or_default();
    format!("{:>8}  {:17}  {:8}  {}  {}{reason}", row.id, row.state.as_str(), row.kind, row.run_at, row.key)
}

fn states() -> String {
    JobState::ALL.map(JobState::as_str).join(", ")
}

fn told(done: bool, yes: &str, no: &str) -> bool {
    say(if done { yes } else { no });
    done
}

/// A reader that has gone (`| head`) is no failure.
fn say(text: &(impl fmt::Display + ?Sized)) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Audit rows in memory at a time.
const PAGE: u32 = 500;
