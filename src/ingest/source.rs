//! A platform that may tell us things.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::events::{Door, Reach};

/// A platform that may tell us things.
#[derive(Clone)]
pub struct Source {
    /// Its name: the end of its address.
    pub name: String,
    /// How it signs, and how its words are read.
    pub door: Door,
    /// Business key its calls belong to.
    pub business: String,
    /// Whether it may speak from there.
    pub from: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// Hosts (and their subdomains) artefacts are fetched from; empty is any.
    pub hosts: Vec<String>,
    /// How far fetches may reach.
    pub reach: Reach,
    /// What relative addresses are relative to, and the user and password it takes.
    pub api: Option<Api>,
    /// Its calls are meetings: nobody in them called us.
    pub meetings: bool,
    /// How long a call waits for more to be told of it once it is over.
    pub quiet: SignedDuration,
    /// How long sound waits for words: hearing it is work.
    pub audio_after: SignedDuration,
}

/// Where a platform is asked.
#[derive(Clone)]
pub struct Api {
    /// The address all others are relative to.
    pub url: String,
    /// User name.
    pub user: String,
    /// And password.
    pub password: String,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).field("door", &self.door).finish_non_exhaustive()
    }
}
