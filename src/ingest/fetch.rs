//! Artefacts: fetched from where they may be, no faster than allowed, once per key.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Response, Url};
use tokio::io::AsyncWriteExt;

use super::source::Source;
use super::words::words;
use crate::events::{Line, What};
use crate::hooks::Guarded;
use crate::store::DueArtefact;

/// Hears what is said in a sound file, in a language; blocks for as long as it takes.
pub type Ears = Arc<dyn Fn(&Path, &str) -> Result<Vec<Line>, String> + Send + Sync>;

/// Why there are no words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Perhaps later.
    Later(String),
    /// Not any more.
    Never(String),
}

/// Fetches and reads, or hears.
pub(super) async fn fetch(
    source: &Source,
    client: &Guarded,
    due: &DueArtefact,
    folder: &Path,
    ears: Option<&Ears>,
    language: &str,
) -> Result<Vec<Line>, Trouble> {
    let request = &due.artefact.request;
    match due.artefact.what {
        What::Transcript => {
            let mut answer = ask(source, client, due).await?;
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(later)? {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > TRANSCRIPT_BYTES_MAX {
                    return Err(Trouble::Never("longer than a transcript may be".to_owned()));
                }
            }
            words(request, &String::from_utf8_lossy(&bytes)).map_err(Trouble::Never)
        }
        What::Audio => {
            let ears = ears.ok_or_else(|| Trouble::Never("there are no ears to hear it with".to_owned()))?.clone();
            let answer = ask(source, client, due).await?;
            let file = keep(answer, folder).await?;
            let (heard, language) = (file.path.clone(), language.to_owned());
            // The file goes when its guard does, whoever is done first.
            let lines = tokio::task::spawn_blocking(move || ears(&heard, &language)).await;
            drop(file);
            lines.map_err(|error| Trouble::Later(error.to_string()))?.map_err(Trouble::Never)
        }
    }
}

/// Asks, and follows a few redirects by hand: each is checked like the first, and tokens stay with who gave them.
async fn ask(source: &Source, client: &Guarded, due: &DueArtefact) -> Result<Response, Trouble> {
    let request = &due.artefact.request;
    let api = source.api.as_ref().filter(|_| request.url.starts_with('/'));
    let mut url =
        api.map_or_else(|| request.url.clone(), |api| format!("{}{}", api.url.trim_end_matches('/'), request.url));
    let first = url.clone();
    for _ in 0..=REDIRECTS_MAX {
        let method = if request.body.is_some() { Method::POST } else { Method::GET };
        let mut asking = client.request(method, &url).map_err(|refused| Trouble::Never(refused.to_string()))?;
        // What the configuration names is where it is; what a request names must be where it should be.
        if api.is_none() && !may_come_from(source, &url) {
            return Err(Trouble::Never("its host is not among the source's hosts".to_owned()));
        }
        if same_host(&first, &url) {
            asking = match (api, &request.token) {
                (Some(api), _) => asking.basic_auth(&api.user, Some(&api.password)),
                (None, Some(token)) => asking.bearer_auth(token),
                (None, None) => asking,
            };
        }
        if let Some(body) = &request.body {
            asking = asking.header("content-type", "application/json").body(body.clone());
        }
        let answer = asking.send().await.map_err(later)?;
        let status = answer.status();
        match status {
            status if status.is_success() => return Ok(answer),
            status if status.is_redirection() && request.body.is_none() => {
                let to = answer.headers().get("location").and_then(|to| to.to_str().ok());
                let next = Url::parse(&url).ok().zip(to).and_then(|(from, to)| from.join(to).ok());
                url = next.ok_or_else(|| Trouble::Never("a redirect to nowhere".to_owned()))?.to_string();
            }
            reqwest::StatusCode::GONE => return Err(Trouble::Never(format!("it answered {status}"))),
            status => return Err(Trouble::Later(format!("it answered {status}"))),
        }
    }
    Err(Trouble::Never("redirected for ever".to_owned()))
}

fn may_come_from(source: &Source, url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_lowercase)).unwrap_or_default();
    let within = |known: &String| host == *known || host.ends_with(&format!(".{known}"));
    source.hosts.is_empty() || source.hosts.iter().any(within)
}

fn same_host(one: &str, other: &str) -> bool {
    let place =
        |url: &str| Url::parse(url).ok().map(|url| (url.host_str().map(str::to_owned), url.port_or_known_default()));
    place(one) == place(other)
}

/// A file that goes with its guard.
struct Kept {
    path: PathBuf,
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn keep(mut answer: Response, folder: &Path) -> Result<Kept, Trouble> {
    let failed = |error: std::io::Error| Trouble::Later(error.to_string());
    tokio::fs::create_dir_all(folder).await.map_err(failed)?;
    let kept = Kept { path: folder.join(crate::store::fresh_id()) };
    let mut file = tokio::fs::File::create(&kept.path).await.map_err(failed)?;
    let mut bytes = 0;
    while let Some(chunk) = answer.chunk().await.map_err(later)? {
        bytes += chunk.len() as u64;
        if bytes > AUDIO_BYTES_MAX {
            return Err(Trouble::Never("more sound than a day holds".to_owned()));
        }
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    Ok(kept)
}

fn later(error: reqwest::Error) -> Trouble {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    // Where nothing may go, nothing may go later either.
    match innermost.to_string() {
        text if text.contains("is not a public address") => Trouble::Never(text),
        text => Trouble::Later(format!("{error}: {text}")),
    }
}

/// How long one answer may take: an hour's sound over a slow line.
pub(super) const FETCH_WITHIN: Duration = Duration::from_secs(600);
/// A day of talk is under 2 MB.
const TRANSCRIPT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Four hours of sound, hardly compressed.
const AUDIO_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// From the platform to where it keeps its files.
const REDIRECTS_MAX: usize = 3;
