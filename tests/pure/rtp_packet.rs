//! Our in-place reader agrees with the `rtp` crate, and refuses what is no RTP.

use bytes::Bytes;
use offhook::rtp::{Packet, PacketError};
use proptest::prelude::*;
use webrtc_util::marshal::{Marshal, Unmarshal};

fn header(
    marker: bool,
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    csrc: Vec<u32>,
) -> rtp::header::Header {
    let version = 2;
    let sequence_number = sequence;
    rtp::header::Header { version, marker, payload_type, sequence_number, timestamp, ssrc, csrc, ..Default::default() }
}

proptest! {
    #[test]
    fn what_the_crate_writes_we_read(
        marker in any::<bool>(), payload_type in 0..64_u8, sequence in any::<u16>(), timestamp in any::<u32>(), ssrc in any::<u32>(),
        csrc in prop::collection::vec(any::<u32>(), 0..16), extension in prop::option::of(0..5_usize), padding in any::<bool>(),
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut header = header(marker, payload_type, sequence, timestamp, ssrc, csrc);
        header.padding = padding;
        if let Some(words) = extension {
            header.extension = true;
            header.extension_profile = 0x1234;
            header.extensions = vec![rtp::header::Extension { id: 0, payload: Bytes::from(vec![9; words * 4]) }];
        }
        let packet = rtp::packet::Packet { header, payload: Bytes::from(payload.clone()) };
        let datagram = packet.marshal().unwrap();
        let ours = Packet::parse(&datagram).unwrap();
        prop_assert_eq!(ours, Packet { payload_type, marker, sequence, timestamp, ssrc, payload: &payload });
    }

    #[test]
    fn on_plain_headers_both_readers_agree(mut datagram in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Some(first) = datagram.first_mut() {
            *first = 0x80 | (*first & 0x0F);
        }
        if let Some(second) = datagram.get_mut(1) {
            *second &= 0x3F;
        }
        let theirs = rtp::packet::Packet::unmarshal(&mut &datagram[..]);
        match (Packet::parse(&datagram), theirs) {
            (Ok(ours), Ok(theirs)) => {
                prop_assert_eq!(ours.payload, &theirs.payload[..]);
                prop_assert_eq!(ours.sequence, theirs.header.sequence_number);
                prop_assert_eq!(ours.timestamp, theirs.header.timestamp);
                prop_assert_eq!(ours.ssrc, theirs.header.ssrc);
            }
            (ours, theirs) => prop_assert_eq!(ours.is_err(), theirs.is_err()),
        }
    }
}

#[test]
fn what_is_no_rtp_is_refused_with_the_reason() {
    let rtp = |first: u8, second: u8, tail: &[u8]| [&[first, second, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3][..], tail].concat();
    assert_eq!(Packet::parse(&[]), Err(PacketError::Short(0)));
    assert_eq!(Packet::parse(&rtp(0x80, 0, &[])[..11]), Err(PacketError::Short(11)));
    assert_eq!(Packet::parse(&rtp(0x00, 1, &[0; 8])), Err(PacketError::Version(0)));
    assert_eq!(Packet::parse(&rtp(0x81, 201, &[0; 8])), Err(PacketError::Rtcp(201)));
    assert_eq!(Packet::parse(&rtp(0x83, 0, &[0; 11])), Err(PacketError::Short(23)), "three CSRCs need 12 bytes");
    assert_eq!(Packet::parse(&rtp(0x90, 0, &[0xBE, 0xDE, 0, 1, 0])), Err(PacketError::Short(17)), "extension cut off");
    assert_eq!(Packet::parse(&rtp(0xA0, 0, &[5, 0])), Err(PacketError::Padding(0)));
    assert_eq!(Packet::parse(&rtp(0xA0, 0, &[5, 3])), Err(PacketError::Padding(3)));
    assert_eq!(Packet::parse(&rtp(0xA0, 0, &[5, 9, 2])).map(|p| p.payload.to_vec()), Ok(vec![5]));
}
