//! Telling people that rows wait for them: a mail, a message to a Slack-compatible address. No caller's data is in it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;

use super::mail::Mail;
use super::run::Signal;
use crate::store::{JobRow, JobState, Store};

/// Who is told.
#[derive(Clone, Default)]
pub struct Notices {
    /// By mail.
    pub mail: Option<Mail>,
    /// At a Slack-compatible address, a secret.
    pub slack: Option<String>,
    /// At most one notice in this time; a minute when zero.
    pub quiet: Duration,
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notices").field("mail", &self.mail).field("slack", &self.slack.is_some()).finish()
    }
}

/// Tells of what is parked, first of what a former run left, until told to stop.
pub(super) async fn run(store: Store, notices: Notices, signal: Signal, mut stop: watch::Receiver<bool>) {
    if notices.mail.is_none() && notices.slack.is_none() {
        return;
    }
    let (mut changed, mut told) = (signal.subscribe(), Timestamp::MIN);
    while !*stop.borrow() {
        changed.mark_unchanged();
        let now = Timestamp::now();
        let new = match store.jobs(Some(JobState::Parked), ROWS_MAX).await {
            Ok(rows) => rows.into_iter().filter(|row| row.updated_at > told).collect(),
            Err(error) => {
                tracing::error!(%error, "nobody can be told of parked rows");
                Vec::new()
            }
        };
        let wait = if new.is_empty() { None } else { Some(notices.quiet) };
        if !new.is_empty() && tell(&notices, &new).await {
            told = new.iter().map(|row| row.updated_at).max().unwrap_or(now);
        }
        tokio::select! {
            () = quiet(wait) => {}
            _ = changed.changed(), if wait.is_none() => {}
            _ = stop.changed() => {}
        }
    }
}

/// Whether everybody has heard; one who has not is told again, the others with them.
async fn tell(notices: &Notices, rows: &[JobRow]) -> bool {
    let (title, text) = words(rows);
    let mut heard = true;
    if let Some(mail) = &notices.mail
        && let Err(error) = mail.note(&title, &text).await
    {
        tracing::error!(%error, "a notice could not be mailed, it is tried again");
        heard = false;
    }
    if let Some(url) = &notices.slack
        && let Err(error) = post(url, &format!("{title}\n{text}")).await
    {
        tracing::error!(error, "a notice could not be posted, it is tried again");
        heard = false;
    }
    heard
}

async fn post(url: &str, text: &str) -> Result<(), String> {
    let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).build().map_err(|e| e.to_string())?;
    // The address is a secret: it is not repeated.
    let answer = client.post(url).json(&json!({ "text": text })).send().await;
    let answer = answer.map_err(|error| error.without_url().to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("it answered {}", answer.status())) }
}

fn words(rows: &[JobRow]) -> (String, String) {
    let title = match rows.len() {
        1 => "offhook: a row on its way to the CRM waits for a person".to_owned(),
        n => format!("offhook: {n} rows on their way to the CRM wait for a person"),
    };
    let line = |row: &JobRow| {
        let reason: String = row.reason.as_deref().unwrap_or("no reason").chars().take(REASON_CHARS_MAX).collect();
        format!("{} {} {}: {reason}", row.id, row.kind, row.key)
    };
    let mut lines: Vec<String> = rows.iter().take(LINES_MAX).map(line).collect();
    if rows.len() > LINES_MAX {
        lines.push(format!("and {} more: offhook queue list --state parked", rows.len() - LINES_MAX));
    }
    (title, lines.join("\n"))
}

async fn quiet(wait: Option<Duration>) {
    match wait {
        Some(wait) if wait.is_zero() => tokio::time::sleep(QUIET).await,
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

/// Between two notices, where nothing else is said.
const QUIET: Duration = Duration::from_secs(60);
/// Rows looked at for one notice.
const ROWS_MAX: u32 = 500;
/// Rows named in one notice.
const LINES_MAX: usize = 20;
/// Of the other side's words.
const REASON_CHARS_MAX: usize = 200;
/// A slow address keeps nobody waiting.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
