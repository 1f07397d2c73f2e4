//! An HTTP client that goes where it may: the address is checked when it is resolved, and that address is connected to.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Method, RequestBuilder, Url, redirect};

use crate::events::Reach;

/// Finds a name's addresses; the system's way unless a test has its own.
pub type Names = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> + Send + Sync>;

/// A client for addresses that somebody else chose.
#[derive(Clone)]
pub struct Guarded {
    client: Client,
    reach: Reach,
}

/// Where no request goes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not a web address, or one with a password in it.
    #[error("this is no plain web address")]
    Address,
    /// Unencrypted to the internet.
    #[error("only https leaves this machine's own networks")]
    Plain,
    /// An address on this machine, in a private network, or of no machine at all.
    #[error("{0} is not a public address; if that is meant, set allow_private = true")]
    Inside(IpAddr),
}

impl Guarded {
    /// A client that reaches so far and waits so long.
    pub fn new(reach: Reach, within: Duration) -> Result<Guarded, String> {
        Guarded::with_names(reach, within, Arc::new(|name| Box::pin(system(name))))
    }

    /// The same with another way to find addresses.
    pub fn with_names(reach: Reach, within: Duration, names: Names) -> Result<Guarded, String> {
        let client = Client::builder()
            .timeout(within)
            .connect_timeout(CONNECT_WITHIN.min(within))
            // A proxy of the environment would do the connecting, past every check.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .dns_resolver(Checked { reach, names })
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Guarded { client: client.map_err(|error| error.to_string())?, reach })
    }

    /// A request to an address that may be one; names are checked once more when they are resolved.
    pub fn request(&self, method: Method, url: &str) -> Result<RequestBuilder, Refused> {
        Ok(self.client.request(method, self.check(url)?))
    }

    /// What can be said without asking for names.
    pub fn check(&self, url: &str) -> Result<Url, Refused> {
        let url = Url::parse(url).map_err(|_| Refused::Address)?;
        let host = url.host_str().ok_or(Refused::Address)?;
        if !url.username().is_empty() || url.password().is_some() || !matches!(url.scheme(), "http" | "https") {
            return Err(Refused::Address);
        }
        if url.scheme() == "http" && self.reach == Reach::Public {
            return Err(Refused::Plain);
        }
        // The parser has made every spelling of an IPv4 address (octal, one number, ...) the usual one.
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) if !self.reach.allows(ip) => Err(Refused::Inside(ip)),
            _ => Ok(url),
        }
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// Resolves and checks in one step: what passes is what is connected to.
struct Checked {
    reach: Reach,
    names: Names,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, found) = (self.reach, (self.names)(name.as_str().to_owned()));
        Box::pin(async move {
            let found = found.await?;
            // One address inside among others is no accident.
            if let Some(inside) = found.iter().find(|ip| !reach.allows(**ip)) {
                return Err(Refused::Inside(*inside).into());
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

async fn system(name: String) -> io::Result<Vec<IpAddr>> {
    let found = tokio::net::lookup_host((name, 0)).await?;
    Ok(found.map(|address| address.ip()).collect())
}

/// A host that does not answer a connection by then is not there.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
