//! Media from the network: streams of packets, reports, protected packets.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::audio::Codec;
use crate::rtp::{Certificate, Handshake, Packet, Profile, Receiver, Rtcp, Sender, SourceFilter, Srtp};

/// Packets, each behind a byte that says how long it is and one that says how much later it came.
pub fn rtp(data: &[u8]) {
    let mut now = Instant::now();
    let mut streams = [Receiver::new(&[101, 97]), Receiver::at_rate(16_000, &[101])];
    streams.iter_mut().for_each(|stream| stream.add_format(96, Codec::Opus));
    let mut frame = Vec::new();
    for (gap, packet) in records(data) {
        now += Duration::from_millis(u64::from(gap));
        let _ = Packet::parse(packet);
        for (stream, samples) in streams.iter_mut().zip([160, 320]) {
            let _ = stream.handle_packet(packet, now);
            stream.pull_frame(now, &mut frame);
            assert_eq!(frame.len(), samples);
            while stream.poll_digit().is_some() {}
            let _ = (stream.stats(), stream.delay_ms(), stream.is_key_pressed(now));
        }
    }
}

/// Reports to a stream that reports itself.
pub fn rtcp(data: &[u8]) {
    let mut now = Instant::now();
    let mut sender = Sender::new(Codec::Pcmu, 7);
    let mut receiver = Receiver::new(&[101]);
    let mut rtcp = Rtcp::new(sender.ssrc(), 7);
    let (mut packet, mut ntp) = (Vec::new(), 0xe000_0000_0000_0000_u64);
    for (gap, bytes) in records(data) {
        now += Duration::from_millis(u64::from(gap) * 16);
        ntp = ntp.wrapping_add(u64::from(gap) << 26);
        let news = rtcp.handle(bytes, now);
        assert!(news.fraction_lost.is_none_or(|lost| (0.0..=1.0).contains(&lost)), "{news:?}");
        assert!(news.round_trip_ms.is_none_or(|ms| ms.is_finite() && ms >= 0.0), "{news:?}");
        packet.clear();
        sender.next_packet(&[0; 160], &mut packet);
        let _ = receiver.handle_packet(&packet, now);
        let _ = receiver.handle_packet(bytes, now);
        if let Some(report) = rtcp.poll(now, ntp, &sender, &mut receiver) {
            let _ = rtcp.handle(&report, now);
        }
    }
}

/// Handshakes with a peer whose datagrams are changed, or who sends junk: no keys but for one who shows the certificate.
pub fn dtls(data: &[u8]) {
    let Some((&changed, rest)) = data.split_first() else { return };
    let mut now = Instant::now();
    let (ours, theirs) = &*CERTIFICATES;
    let named = theirs.der().to_vec();
    let mut server = Handshake::passive(ours, move |shown| shown == named).expect("the certificate is good");
    let mut client = Handshake::active(theirs, |_| true, now).expect("the certificate is good");
    for (round, (gap, bytes)) in records(rest).enumerate() {
        now += Duration::from_millis(u64::from(gap) * 8);
        let _ = server.handle(bytes, now);
        while let Some(mut datagram) = client.poll_datagram() {
            if changed & 1 << (round % 8) != 0 {
                datagram.iter_mut().zip(bytes).for_each(|(byte, change)| *byte ^= change);
            }
            let _ = server.handle(&datagram, now);
        }
        while let Some(datagram) = server.poll_datagram() {
            let _ = client.handle(&datagram, now);
        }
        let _ = (server.handle_timeout(now), client.handle_timeout(now));
    }
}

/// Ours and the peer's.
static CERTIFICATES: LazyLock<(Certificate, Certificate)> = LazyLock::new(|| {
    let new = || Certificate::generate().expect("there is randomness");
    (new(), new())
});

/// Junk, and packets of the peer with changed bytes: opened are only those that are whole.
pub fn srtp(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let profile = Profile::ALL[usize::from(choice) % Profile::ALL.len()];
    let side = || Srtp::new(profile, &vec![9; profile.key_bytes() + profile.salt_bytes()]).expect("the key fits");
    let (mut here, mut there) = (side(), side());
    for (change, bytes) in records(rest) {
        let mut junk = bytes.to_vec();
        let _ = here.open_rtp(&mut junk);
        let mut junk = bytes.to_vec();
        let _ = here.open_rtcp(&mut junk);
        let mut sealed = bytes.to_vec();
        if there.seal_rtp(&mut sealed) {
            let whole = sealed.clone();
            let at = usize::from(change) % sealed.len();
            sealed[at] ^= change;
            let opened = here.open_rtp(&mut sealed);
            assert!(opened.is_err() || change == 0, "{profile:?}: byte {at} of {whole:?} changed, and it was opened");
        }
        let mut sealed = bytes.to_vec();
        if there.seal_rtcp(&mut sealed) {
            let at = usize::from(change) % sealed.len();
            sealed[at] ^= change;
            assert!(here.open_rtcp(&mut sealed).is_err() || change == 0, "{profile:?}: a changed report was opened");
        }
    }
    let mut filter = SourceFilter::new();
    let _ = filter.accepts(([127, 0, 0, 1], u16::from(choice)).into());
}

/// Length, another byte, as many bytes as there are.
fn records(mut data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&[length, other], rest) = data.split_first_chunk::<2>()?;
        let (record, rest) = rest.split_at(rest.len().min(usize::from(length)));
        data = rest;
        Some((other, record))
    })
}
