//! Protected packets, some of them broken: none panics, none that was changed is opened.

use offhook::rtp::{Profile, Srtp};

use crate::mutate;

#[test]
fn no_packet_panics_the_seal_and_no_changed_one_is_opened() {
    let side =
        |profile: Profile| Srtp::new(profile, &vec![9; profile.key_bytes() + profile.salt_bytes()]).expect("a key");
    let mut sides: Vec<(Srtp, Srtp, Vec<Vec<u8>>)> =
        Profile::ALL.map(|profile| (side(profile), side(profile), Vec::new())).into();
    for (here, _, packets) in &mut sides {
        for sequence in 0..20_u8 {
            let mut rtp =
                [&[0x80, 0, 0xff, 0xf0 + sequence % 16, 0, 0, 0, sequence, 1, 2, 3, 4], &[7; 40][..]].concat();
            let mut rtcp = [&[0x80, 200, 0, 6, 1, 2, 3, 4], &[sequence; 20][..]].concat();
            assert!(here.seal_rtp(&mut rtp) && here.seal_rtcp(&mut rtcp));
            packets.extend([rtp, rtcp]);
        }
    }
    let seeds: Vec<Vec<u8>> = sides.iter().flat_map(|(.., packets)| packets.clone()).collect();
    mutate::run(
        "srtp",
        |dice| dice.bytes(&seeds),
        |bytes| {
            for (here, there, packets) in &mut sides {
                let known = |length: usize, opened: &[u8]| length <= opened.len() && packets.iter().any(|p| p == bytes);
                let mut packet = bytes.to_vec();
                if let Ok(length) = there.open_rtp(&mut packet) {
                    assert!(known(length, &packet), "a changed RTP packet was opened");
                }
                let mut packet = bytes.to_vec();
                if let Ok(length) = there.open_rtcp(&mut packet) {
                    assert!(known(length, &packet), "a changed RTCP packet was opened");
                }
                let _ = here.seal_rtp(&mut bytes.to_vec());
            }
        },
    );
}
