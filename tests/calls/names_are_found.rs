//! Where a trunk is, as its name says (RFC 3263): NAPTR chooses the transport, SRV the order, and what was answered is
//! kept as long as it says. Nobody waits for a name server that is silent.

use std::net::{IpAddr, UdpSocket};
use std::time::{Duration, Instant};

use offhook::gateway::{Host, NameError, Names, Target};
use offhook::sip::Transport;

use crate::name_server::{NameServer, address, naptr, srv};
use crate::server::block_on;

#[test]
fn names_are_found() {
    let server = NameServer::start(vec![
        naptr("carrier.example", 20, "SIP+D2T", "_sip._tcp.carrier.example"),
        naptr("carrier.example", 10, "SIPS+D2T", "_sips._tcp.carrier.example"),
        naptr("carrier.example", 30, "SIP+D2U", "elsewhere.carrier.example"),
        srv("_sip._tcp.carrier.example", 20, 5070, "far.carrier.example"),
        srv("_sip._tcp.carrier.example", 10, 5080, "near.carrier.example"),
        srv("_sip._tcp.carrier.example", 15, 5090, "gone.carrier.example"),
        srv("elsewhere.carrier.example", 1, 5061, "far.carrier.example"),
        address("near.carrier.example", [192, 0, 2, 1]),
        address("near.carrier.example", [192, 0, 2, 2]),
        address("far.carrier.example", [192, 0, 2, 3]),
        srv("_sip._udp.plain.example", 1, 5062, "far.carrier.example"),
        address("bare.example", [192, 0, 2, 4]),
    ]);
    block_on(async {
        let names = Names::new(&[server.at]).expect("a server");
        let find = |name: &str, port, transport, speaks: Vec<Transport>| {
            let host = Host { name: name.into(), port, transport };
            let names = names.clone();
            async move { names.targets(&host, |by, ip: IpAddr| speaks.contains(&by) && ip.is_ipv4()).await }
        };
        let at = |transport, places: &[&str]| {
            let target = |place: &&str| Target { transport, at: place.parse().expect("a place") };
            Ok::<_, NameError>(places.iter().map(target).collect::<Vec<_>>())
        };
        let (udp, tcp, tls) = (Transport::Udp, Transport::Tcp, Transport::Tls);
        // TLS is preferred there and not spoken here; of its TCP machines one has no address.
        let found = find("carrier.example", None, None, vec![udp, tcp]).await.map(|mut found| {
            found[..2].sort_by_key(|target| target.at);
            found
        });
        assert_eq!(found, at(tcp, &["192.0.2.1:5080", "192.0.2.2:5080", "192.0.2.3:5070"]));
        let answered = || {
            let all = server.was_asked().into_iter();
            all.filter(|line| line.starts_with("NAPTR carrier") || line.starts_with("SRV _sip._tcp")).count()
        };
        let asked = answered();
        assert!(asked > 0 && find("carrier.example", None, None, vec![udp, tcp]).await.is_ok());
        assert_eq!(answered(), asked, "what was answered is kept: {:?}", server.was_asked());
        let by_udp = find("carrier.example", None, None, vec![udp]).await;
        assert_eq!(by_udp, at(udp, &["192.0.2.3:5061"]), "what NAPTR says is not guessed");
        assert_eq!(find("plain.example", None, None, vec![udp, tcp]).await, at(udp, &["192.0.2.3:5062"]));
        assert_eq!(find("bare.example", None, None, vec![udp, tcp]).await, at(udp, &["192.0.2.4:5060"]));
        assert_eq!(find("bare.example", None, Some(tls), vec![udp, tls]).await, at(tls, &["192.0.2.4:5061"]));
        assert_eq!(find("bare.example", Some(7), Some(tcp), vec![tcp]).await, at(tcp, &["192.0.2.4:7"]));
        assert_eq!(find("192.0.2.9", None, None, vec![udp]).await, at(udp, &["192.0.2.9:5060"]));
        let unreachable = find("bare.example", None, Some(tls), vec![udp]).await.expect_err("no TLS here");
        assert!(unreachable.to_string().contains("IPv4 over tls") && unreachable.to_string().contains("listen"));
        let unknown = find("nobody.example", None, None, vec![udp]).await;
        assert_eq!(unknown, Err(NameError::Unknown("nobody.example".into())));

        let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let names = Names::new(&[silent.local_addr().expect("bound")]).expect("a server");
        let host = Host { name: "carrier.example".into(), port: None, transport: None };
        let since = Instant::now();
        let answer = names.targets(&host, |_, _| true).await;
        assert!(matches!(answer, Err(NameError::Silent(_))), "{answer:?}");
        assert!(since.elapsed() < Duration::from_secs(30), "{:?}", since.elapsed());
    });
}
