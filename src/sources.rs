//! `[[sources]]` as the `ingest` room takes them.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use offhook::config::{Config, SourceConfig};
use offhook::events::{Line, Reach};
use offhook::ingest::{Api, Ears, Source};
use offhook::speech::{Speech, listen};

/// All of them.
pub fn sources(config: &Config) -> Vec<Source> {
    config.sources.iter().map(source).collect()
}

fn source(one: &SourceConfig) -> Source {
    let span = |wait| SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    let allow = one.allow.clone();
    Source {
        name: one.name.clone(),
        door: one.door.clone(),
        business: one.business.clone(),
        from: Arc::new(move |ip| allow.as_ref().is_none_or(|networks| networks.iter().any(|net| net.contains(ip)))),
        hosts: one.hosts.clone(),
        reach: if one.allow_private { Reach::Private } else { Reach::Public },
        api: one.api.as_ref().map(|(url, user, password)| Api {
            url: url.clone(),
            user: user.clone(),
            password: password.reveal().to_owned(),
        }),
        meetings: one.meetings,
        quiet: span(one.wait),
        audio_after: span(one.audio_after),
    }
}

/// The ears that hear callers hear recordings too.
pub fn ears(speech: &Speech) -> Ears {
    let speech = speech.clone();
    Arc::new(move |file: &Path, language: &str| {
        let spoken = listen(&speech, file, language).map_err(|error| error.to_string())?;
        let line = |one: offhook::speech::Spoken| Line {
            start_ms: one.start_ms,
            end_ms: one.end_ms,
            speaker: String::new(),
            text: one.text,
        };
        Ok(spoken.into_iter().map(line).collect())
    })
}

/// Whether a peer is a proxy of ours.
pub fn proxies(config: &Config) -> Box<dyn Fn(IpAddr) -> bool + Send + Sync> {
    let proxies = config.http.proxies.clone();
    Box::new(move |ip| proxies.iter().any(|network| network.contains(ip)))
}
