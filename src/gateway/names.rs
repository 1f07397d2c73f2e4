//! Where a SIP host is: NAPTR, SRV, A and AAAA (RFC 3263), in the order they are to be tried.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::rdata::{NAPTR, SRV};
use hickory_resolver::proto::rr::{RData, RecordType};
use thiserror::Error;

use super::random::random;
use crate::sip::Transport;

/// Asks name servers. Clones share what was answered, for as long as each answer says.
#[derive(Clone)]
pub struct Names {
    resolver: TokioResolver,
}

/// A host that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name, or an address.
    pub name: String,
    /// Its port, where one is said: then nobody is asked for another one.
    pub port: Option<u16>,
    /// What carries messages to it; none: as its NAPTR and SRV records say.
    pub transport: Option<Transport>,
}

/// A place to send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// What carries messages there.
    pub transport: Transport,
    /// Where it is.
    pub at: SocketAddr,
}

/// Why a host is not found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// No server answered in time.
    #[error("no name server answers for {0}; is the network up, and is [sip] name_servers right?")]
    Silent(String),
    /// There is no such name, or it has no address.
    #[error("{0} is not found: it has no NAPTR, SRV, A or AAAA record; check its spelling")]
    Unknown(String),
    /// It is reached by nothing we listen on.
    #[error("{0} is reached by nothing [sip] listens on: it has {1}; add a listen address of that kind")]
    Unreachable(String, String),
    /// The system's own list of name servers is of no use.
    #[error("the system's name servers are not known ({0}); set [sip] name_servers")]
    Servers(String),
}

impl Names {
    /// Asks these servers; the system's when there are none.
    pub fn new(servers: &[SocketAddr]) -> Result<Names, NameError> {
        let failed = |error: NetError| NameError::Servers(error.to_string());
        let mut builder = match servers {
            [] => TokioResolver::builder_tokio().map_err(failed)?,
            servers => {
                let all = servers.iter().map(|server| name_server(*server)).collect();
                let config = ResolverConfig::from_name_servers(all);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        options.timeout = ASK_MAX;
        options.attempts = ASKED_AGAIN;
        // A lost name is looked for again soon, whatever its zone says.
        options.negative_max_ttl = Some(NOTHING_KEPT);
        Ok(Names { resolver: builder.build().map_err(failed)? })
    }

    /// Asks nobody: only addresses are found.
    pub(super) fn of_nobody() -> Names {
        let config = ResolverConfig::from_name_servers(Vec::new());
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        Names { resolver: builder.build().expect("nothing is read and nothing is bound") }
    }

    /// The places to try, in order, all of one transport; `speaks` says by what we could reach an address.
    pub async fn targets(
        &self,
        host: &Host,
        speaks: impl Fn(Transport, IpAddr) -> bool + Sync,
    ) -> Result<Vec<Target>, NameError> {
        let found = tokio::time::timeout(LOOK_UP_MAX, self.look_up(host, &speaks)).await;
        let found = found.map_err(|_| NameError::Silent(host.name.clone()))??;
        if found.is_empty() {
            return Err(NameError::Unknown(host.name.clone()));
        }
        let usable: Vec<Target> = found.iter().filter(|one| speaks(one.transport, one.at.ip())).copied().collect();
        let Some(first) = usable.first().copied() else {
            let family =
                |one: &Target| format!("{} over {}", if one.at.is_ipv4() { "IPv4" } else { "IPv6" }, one.transport);
            let had: BTreeSet<String> = found.iter().map(family).collect();
            return Err(NameError::Unreachable(host.name.clone(), had.into_iter().collect::<Vec<_>>().join(", ")));
        };
        // One socket goes to all of them.
        let same = |one: &Target| one.transport == first.transport && one.at.is_ipv4() == first.at.is_ipv4();
        Ok(usable.into_iter().filter(same).take(TARGETS_MAX).collect())
    }

    async fn look_up(
        &self,
        host: &Host,
        speaks: &(impl Fn(Transport, IpAddr) -> bool + Sync),
    ) -> Result<Vec<Target>, NameError> {
        let Host { name, port, transport } = host;
        let usual = transport.unwrap_or_default();
        if let Ok(ip) = name.parse() {
            return Ok(vec![Target { transport: usual, at: SocketAddr::new(ip, port.unwrap_or(default_port(usual))) }]);
        }
        if let Some(port) = port {
            return Ok(at_port(usual, *port, self.addresses(name).await?));
        }
        let known = |transport: Transport| ANY.iter().any(|ip| speaks(transport, *ip));
        let mut asked: Vec<(Transport, String)> = Vec::new();
        match transport {
            Some(transport) => asked.push((*transport, service(*transport, name))),
            None => {
                let services = self.naptr(name).await?;
                asked.extend(services.into_iter().filter(|(transport, _)| known(*transport)).take(1));
                if asked.is_empty() {
                    let spoken = Transport::ALL.into_iter().filter(|transport| known(*transport));
                    asked.extend(spoken.map(|transport| (transport, service(transport, name))));
                }
            }
        }
        for (transport, service) in asked {
            if let Some(found) = self.served(transport, &service).await? {
                return Ok(found);
            }
        }
        Ok(at_port(usual, default_port(usual), self.addresses(name).await?))
    }

    /// The transports its NAPTR records name, preferred first, and where their SRV records are.
    async fn naptr(&self, name: &str) -> Result<Vec<(Transport, String)>, NameError> {
        let mut records: Vec<NAPTR> = self.ask(name, RecordType::NAPTR).await?.into_iter().filter_map(naptr).collect();
        records.sort_by_key(|record| (record.order, record.preference));
        let usable = |record: &NAPTR| {
            let services = record.services.to_ascii_uppercase();
            let (_, transport) = SERVICES.iter().find(|(name, _)| name.as_bytes() == services)?;
            record.flags.eq_ignore_ascii_case(b"s").then(|| (*transport, record.replacement.to_ascii()))
        };
        Ok(records.iter().filter_map(usable).collect())
    }

    /// The addresses of a service's hosts, in their order; none when there is no such service.
    async fn served(&self, transport: Transport, service: &str) -> Result<Option<Vec<Target>>, NameError> {
        let records: Vec<SRV> = self.ask(service, RecordType::SRV).await?.into_iter().filter_map(srv).collect();
        if records.is_empty() {
            return Ok(None);
        }
        let mut all = Vec::new();
        for record in in_order(records, random).into_iter().take(HOSTS_MAX) {
            // A single dot says that there is none (RFC 2782).
            if !record.target.is_root() {
                let found = self.addresses(&record.target.to_ascii()).await;
                // Of several hosts one may be gone.
                all.extend(at_port(transport, record.port, found.unwrap_or_default()));
            }
        }
        Ok(Some(all))
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NameError> {
        match self.resolver.lookup_ip(absolute(name)).await {
            Ok(found) => Ok(found.iter().collect()),
            Err(error) => nothing(name, &error),
        }
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, NameError> {
        match self.resolver.lookup(absolute(name), kind).await {
            Ok(found) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
            Err(error) => nothing(name, &error),
        }
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

/// An answer that there is nothing is an answer.
fn nothing<T>(name: &str, error: &NetError) -> Result<Vec<T>, NameError> {
    match error.is_no_records_found() || error.is_nx_domain() {
        true => Ok(Vec::new()),
        false => {
            tracing::debug!(name, %error, "name server");
            Err(NameError::Silent(name.to_owned()))
        }
    }
}

fn name_server(server: SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    let at = |connection: &mut ConnectionConfig| connection.port = server.port();
    config.connections.iter_mut().for_each(at);
    config
}

/// With a dot at its end a name is not looked for in the machine's own domain; "localhost" has none.
fn absolute(name: &str) -> String {
    if name.contains('.') && !name.ends_with('.') { format!("{name}.") } else { name.to_owned() }
}

fn at_port(transport: Transport, port: u16, ips: Vec<IpAddr>) -> Vec<Target> {
    ips.into_iter().map(|ip| Target { transport, at: SocketAddr::new(ip, port) }).collect()
}

fn naptr(data: RData) -> Option<NAPTR> {
    if let RData::NAPTR(record) = data { Some(record) } else { None }
}

fn srv(data: RData) -> Option<SRV> {
    if let RData::SRV(record) = data { Some(record) } else { None }
}

fn service(transport: Transport, name: &str) -> String {
    match transport {
        Transport::Udp => format!("_sip._udp.{name}"),
        Transport::Tcp => format!("_sip._tcp.{name}"),
        Transport::Tls => format!("_sips._tcp.{name}"),
    }
}

/// Low priorities first; among equals by chance, in the share of their weights (RFC 2782).
fn in_order(mut records: Vec<SRV>, chance: impl Fn() -> u64) -> Vec<SRV> {
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let equals = records.iter().take_while(|record| record.priority == priority).count();
        let whole: u64 = records[..equals].iter().map(|record| u64::from(record.weight)).sum();
        let mut drawn = chance() % (whole + 1);
        let at = records[..equals].iter().position(|record| {
            let weight = u64::from(record.weight);
            let hit = drawn <= weight;
            drawn = drawn.saturating_sub(weight);
            hit
        });
        ordered.push(records.remove(at.unwrap_or(0)));
    }
    ordered
}

/// RFC 3261's ports, without and with TLS.
pub(super) fn default_port(transport: Transport) -> u16 {
    if transport == Transport::Tls { 5061 } else { 5060 }
}

/// Services of RFC 3263 4.1.
const SERVICES: [(&str, Transport); 3] =
    [("SIP+D2U", Transport::Udp), ("SIP+D2T", Transport::Tcp), ("SIPS+D2T", Transport::Tls)];
/// One of each family.
const ANY: [IpAddr; 2] = [IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)];
/// One question to one server, and how often it is repeated.
const ASK_MAX: Duration = Duration::from_secs(2);
const ASKED_AGAIN: usize = 1;
/// All questions about one host.
const LOOK_UP_MAX: Duration = Duration::from_secs(10);
/// How long "there is none" is believed.
const NOTHING_KEPT: Duration = Duration::from_secs(30);
/// Hosts of one service, and places to try.
const HOSTS_MAX: usize = 8;
const TARGETS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::Name;

    use super::*;

    #[test]
    fn priorities_come_first_and_weights_share_the_rest() {
        let record = |priority, weight, port| SRV::new(priority, weight, port, Name::root());
        let records = || vec![record(20, 0, 1), record(10, 0, 2), record(10, 90, 3), record(10, 10, 4)];
        let mut firsts = [0; 5];
        for drawn in 0..=100 {
            let ordered = in_order(records(), || drawn);
            assert_eq!((ordered.len(), ordered[3].port), (4, 1), "the last resort is last");
            firsts[usize::from(ordered[0].port)] += 1;
        }
        assert_eq!(firsts, [0, 0, 1, 90, 10]);
    }
}
