//! RTP ports: an even one and the odd one above it, bound as a pair.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Poll, ready};

use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

/// Hands out bound pairs, walking the range so that a port rests before it is used again.
#[derive(Debug)]
pub struct Ports {
    range: RangeInclusive<u16>,
    next: AtomicU32,
}

/// The sockets of one stream.
#[derive(Debug)]
pub struct Pair {
    /// Even port.
    pub rtp: UdpSocket,
    /// The one above.
    pub rtcp: UdpSocket,
}

impl Ports {
    /// Pairs from `range`.
    pub fn new(range: RangeInclusive<u16>) -> Self {
        Self { range, next: AtomicU32::new(0) }
    }

    /// Binds the next free pair on `ip`; `AddrInUse` when the whole range is taken.
    pub async fn bind(&self, ip: IpAddr) -> io::Result<Pair> {
        let first = u32::from(*self.range.start()).next_multiple_of(2);
        let pairs = (u32::from(*self.range.end()) + 1).saturating_sub(first) / 2;
        for _ in 0..pairs {
            let port = first + 2 * (self.next.fetch_add(1, Ordering::Relaxed) % pairs);
            let Ok(port) = u16::try_from(port) else { continue };
            if let (Ok(rtp), Ok(rtcp)) =
                (UdpSocket::bind(SocketAddr::new(ip, port)).await, UdpSocket::bind(SocketAddr::new(ip, port + 1)).await)
            {
                return Ok(Pair { rtp, rtcp });
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "no free pair in [media] rtp_ports: widen the range"))
    }
}

/// The next datagram, as by `recv_from` but for the one task that reads a socket: it need not queue up for each anew.
pub(super) async fn next_datagram(socket: &UdpSocket, room: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    std::future::poll_fn(|cx| {
        let mut room = ReadBuf::new(room);
        let from = ready!(socket.poll_recv_from(cx, &mut room))?;
        Poll::Ready(Ok((room.filled().len(), from)))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pairs_are_even_and_the_end_of_the_range_is_an_error() {
        let ports = Ports::new(41001..=41006);
        let ip = IpAddr::from([127, 0, 0, 1]);
        let first = ports.bind(ip).await.unwrap();
        assert_eq!(first.rtp.local_addr().unwrap().port() % 2, 0);
        assert_eq!(first.rtcp.local_addr().unwrap().port(), first.rtp.local_addr().unwrap().port() + 1);
        let _second = ports.bind(ip).await.unwrap();
        assert_eq!(ports.bind(ip).await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
