//! Our address as others see it, from a STUN server (RFC 8489): one binding request, asked until it is answered.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::random::random;

/// The address packets from `local` show; none when nobody answers in time.
pub async fn public_ip(server: SocketAddr, local: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(SocketAddr::new(local, 0)).await.ok()?;
    let id = [random::<u64>().to_be_bytes(), random::<u64>().to_be_bytes()].concat();
    let request = request(id.get(..ID_BYTES)?);
    let mut room = [0; DATAGRAM_BYTES_MAX];
    for wait in WAITS {
        socket.send_to(&request, server).await.ok()?;
        let until = Instant::now() + wait;
        while let Ok(Ok((length, from))) = timeout_at(until, socket.recv_from(&mut room)).await {
            if from == server
                && let Some(mapped) = mapped(&room[..length], id.get(..ID_BYTES)?)
            {
                return Some(mapped.ip());
            }
        }
    }
    None
}

fn request(id: &[u8]) -> Vec<u8> {
    [&BINDING[..], &[0, 0], &COOKIE, id].concat()
}

/// XOR-MAPPED-ADDRESS of the success response to this request.
fn mapped(bytes: &[u8], id: &[u8]) -> Option<SocketAddr> {
    let (head, mut rest) = bytes.split_at_checked(HEADER_BYTES)?;
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    if head[..2] != SUCCESS || head[4..8] != COOKIE || head[8..] != *id || length != rest.len() {
        return None;
    }
    while let Some((attribute, after)) = rest.split_at_checked(4) {
        let (kind, length) = ([attribute[0], attribute[1]], u16::from_be_bytes([attribute[2], attribute[3]]));
        let (value, _) = after.split_at_checked(usize::from(length))?;
        if kind == XOR_MAPPED {
            return address(value, id);
        }
        rest = after.get(usize::from(length).next_multiple_of(4)..)?;
    }
    None
}

fn address(value: &[u8], id: &[u8]) -> Option<SocketAddr> {
    let mask = [&COOKIE[..], id].concat();
    let plain: Vec<u8> = value.get(4..)?.iter().zip(&mask).map(|(a, b)| a ^ b).collect();
    let port = u16::from_be_bytes([value[2] ^ mask[0], value[3] ^ mask[1]]);
    let ip = match value[1] {
        1 => Ipv4Addr::from(<[u8; 4]>::try_from(plain).ok()?).into(),
        2 => Ipv6Addr::from(<[u8; 16]>::try_from(plain).ok()?).into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

const BINDING: [u8; 2] = [0x00, 0x01];
const SUCCESS: [u8; 2] = [0x01, 0x01];
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const XOR_MAPPED: [u8; 2] = [0x00, 0x20];
const HEADER_BYTES: usize = 20;
const ID_BYTES: usize = 12;
const DATAGRAM_BYTES_MAX: usize = 1_500;
/// The request is sent again after each; nobody waits for more than three seconds at the start.
const WAITS: [Duration; 3] = [Duration::from_millis(500), Duration::from_millis(1_000), Duration::from_millis(1_500)];

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample response of RFC 5769, 2.2 (without what follows its address).
    #[test]
    fn the_address_of_the_rfc_is_read() {
        let id = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];
        let software = [&[0x80, 0x22, 0x00, 0x0b][..], b"test vector "].concat();
        let mapped_address = [0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
        let head = [&SUCCESS[..], &[0, 28], &COOKIE, &id].concat();
        let whole = [head, software, mapped_address.to_vec()].concat();
        assert_eq!(mapped(&whole, &id), "192.0.2.1:32853".parse().ok());
        assert_eq!(mapped(&whole, &[0; 12]), None, "an answer to somebody else");
        for cut in 0..whole.len() {
            assert_eq!(mapped(&whole[..cut], &id), None);
            let mut bent = whole.clone();
            bent[cut] ^= 0xff;
            let _ = mapped(&bent, &id);
        }
    }

    #[test]
    fn a_server_is_asked_until_it_answers() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let found = runtime.block_on(async {
            let server = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
            let at = server.local_addr().expect("bound");
            tokio::spawn(async move {
                let mut room = [0; 100];
                let _ = server.recv_from(&mut room).await; // the first one is lost
                let (length, from) = server.recv_from(&mut room).await.expect("a request");
                let id = room[8..length].to_vec();
                let value = [&[0, 1, 0x21, 0x12][..], &[203 ^ 0x21, 0x12, 113 ^ 0xA4, 7 ^ 0x42]].concat();
                let answer = [&SUCCESS[..], &[0, 12], &COOKIE, &id, &[0, 0x20, 0, 8], &value].concat();
                let _ = server.send_to(&answer, from).await;
            });
            public_ip(at, IpAddr::V4(Ipv4Addr::LOCALHOST)).await
        });
        assert_eq!(found, "203.0.113.7".parse().ok());
    }
}
