//! Protected media: the same bytes as libsrtp makes, and nothing that was not meant for us.

use offhook::rtp::{Profile, Srtp, SrtpError};

/// What libsrtp 2 makes of the packets below: four of RTP over the end of the sequence, two of RTCP (FNV-1a of them).
const REFERENCE: [(Profile, u64, u64); 4] = [
    (Profile::Aes128CmSha1_80, 0x15ad_eacb_6548_4dea, 0x98e5_0bfa_8edc_226a),
    (Profile::Aes128CmSha1_32, 0x96a6_4b9d_7b00_04f6, 0x98e5_0bfa_8edc_226a),
    (Profile::AeadAes128Gcm, 0x7db6_8a65_c8a2_024e, 0x8706_c31d_6b81_980c),
    (Profile::AeadAes256Gcm, 0x26ae_0ff1_6a70_18a2, 0x02ba_c544_fccc_8717),
];

#[test]
fn packets_are_those_of_libsrtp() {
    for (profile, rtp_hash, rtcp_hash) in REFERENCE {
        let mut side = side(profile);
        let mut bytes = Vec::new();
        for sequence in [65_534, 65_535, 0, 1] {
            let mut packet = packet(sequence);
            assert!(side.seal_rtp(&mut packet));
            bytes.extend(packet);
        }
        assert_eq!(fnv(&bytes), rtp_hash, "RTP, {}", profile.name());
        // libsrtp numbers reports from 1.
        side.seal_rtcp(&mut report());
        let reports: Vec<u8> = (0..2)
            .flat_map(|_| {
                let mut packet = report();
                assert!(side.seal_rtcp(&mut packet));
                packet
            })
            .collect();
        assert_eq!(fnv(&reports), rtcp_hash, "RTCP, {}", profile.name());
    }
}

#[test]
fn every_profile_opens_what_it_sealed_and_nothing_else() {
    for profile in Profile::ALL {
        let (mut here, mut there) = (side(profile), side(profile));
        let mut other = Srtp::new(profile, &key(profile, 99)).expect("a key of the right length");
        for sequence in (65_000..=65_535_u16).chain(0..500) {
            let mut sealed = packet(sequence);
            here.seal_rtp(&mut sealed);
            if sequence % 3 == 0 {
                continue; // lost
            }
            assert_eq!(other.open_rtp(&mut sealed.clone()), Err(SrtpError::Forged));
            let mut broken = sealed.clone();
            let at = usize::from(sequence) % broken.len();
            broken[at] ^= 0x10;
            assert!(there.open_rtp(&mut broken).is_err(), "byte {at} of {}", profile.name());
            let mut opened = sealed.clone();
            let length = there.open_rtp(&mut opened).expect("ours");
            assert_eq!(opened[..length], packet(sequence), "{}", profile.name());
            assert_eq!(there.open_rtp(&mut sealed), Err(SrtpError::Replayed));
        }
        let mut sealed = report();
        here.seal_rtcp(&mut sealed);
        assert_ne!(sealed[8..], report()[8..]);
        let mut opened = sealed.clone();
        let length = there.open_rtcp(&mut opened).expect("ours");
        assert_eq!(opened[..length], report());
        assert_eq!(there.open_rtcp(&mut sealed), Err(SrtpError::Replayed));
    }
}

#[test]
fn late_packets_pass_and_old_ones_do_not() {
    let (mut here, mut there) = (side(Profile::Aes128CmSha1_80), side(Profile::Aes128CmSha1_80));
    let mut sealed: Vec<Vec<u8>> = (0..300).map(packet).collect();
    sealed.iter_mut().for_each(|packet| assert!(here.seal_rtp(packet)));
    for n in [100, 99, 105, 20, 299] {
        assert!(there.open_rtp(&mut sealed[n].clone()).is_ok(), "packet {n}");
    }
    assert_eq!(there.open_rtp(&mut sealed[150].clone()), Err(SrtpError::Replayed), "too old to tell");
    assert!(there.open_rtp(&mut sealed[250]).is_ok());
}

#[test]
fn keys_of_the_wrong_length_are_no_keys_and_no_bytes_panic() {
    assert!(Srtp::new(Profile::AeadAes128Gcm, &[0; 30]).is_none());
    for profile in Profile::ALL {
        let mut side = side(profile);
        for length in 0..80 {
            for first in [0x80, 0x9f, 0xbf, 0x00] {
                let mut bytes = vec![first; length];
                assert!(side.open_rtp(&mut bytes.clone()).is_err());
                assert!(side.open_rtcp(&mut bytes).is_err());
                side.seal_rtp(&mut bytes.clone());
                side.seal_rtcp(&mut bytes);
            }
        }
    }
}

fn side(profile: Profile) -> Srtp {
    Srtp::new(profile, &key(profile, 3)).expect("a key of the right length")
}

fn key(profile: Profile, first: usize) -> Vec<u8> {
    (0..profile.key_bytes() + profile.salt_bytes()).map(|n| (n * 11 + first) as u8).collect()
}

fn packet(sequence: u16) -> Vec<u8> {
    let mut bytes = vec![0x80, 0];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend((160 * u32::from(sequence)).to_be_bytes());
    bytes.extend(0xCAFE_BABE_u32.to_be_bytes());
    bytes.extend((0..40_u32).map(|n| (n * 7 + u32::from(sequence)) as u8));
    bytes
}

fn report() -> Vec<u8> {
    let mut bytes = vec![0x80, 200, 0, 6];
    bytes.extend(0xCAFE_BABE_u32.to_be_bytes());
    bytes.extend(0..20_u8);
    bytes
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
