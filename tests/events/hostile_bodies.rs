//! Whatever bytes a platform sends, reading them ends, and never in a panic.

use offhook::events::{Door, Secrets};

use crate::platforms::story;
use crate::receiver::SECRET;

fn doors() -> [Door; 3] {
    [Door::Generic(Secrets::new(&[SECRET]).unwrap()), Door::zoom(&["z"]), Door::gong_key(&["g"])]
}

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = story("c1").into_iter().map(|(_, body)| body.to_string().into_bytes()).collect();
    seeds.push(
        br#"{"event":"recording.completed","event_ts":1,"download_token":"t","payload":{"object":{"uuid":"u==","topic":"x",
        "start_time":"2026-11-21T15:00:00Z","duration":9223372036854775807,"recording_files":[{"id":"f","file_type":"M4A",
        "download_url":"https://zoom.us/x"}]}}}"#
            .to_vec(),
    );
    seeds.push(
        br#"{"isTest":false,"callData":{"metaData":{"id":"7","started":"-9999-01-01T00:00:00Z","duration":-1,"language":"\u00e9ng"},
        "parties":[{"name":"A","affiliation":"Internal"}]}}"#
            .to_vec(),
    );
    seeds
}

#[test]
fn mutated_bodies_are_read_or_refused() {
    let (doors, seeds) = (doors(), seeds());
    let mut chance = 42u64;
    let mut below = |n: usize| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) as usize % n.max(1)
    };
    for _ in 0..60_000 {
        let mut body = seeds[below(seeds.len())].clone();
        for _ in 0..=below(4) {
            let at = below(body.len());
            match below(5) {
                0 => body[at] = below(256) as u8,
                1 => drop(body.drain(at..(at + below(20)).min(body.len()))),
                2 => {
                    let piece: Vec<u8> = body[at..(at + below(30)).min(body.len())].to_vec();
                    drop(body.splice(at..at, piece));
                }
                3 => drop(body.splice(at..at, b"99999999999999999999".iter().copied())),
                _ => body.truncate(at),
            }
            if body.is_empty() {
                body.push(b'{');
            }
        }
        for door in &doors {
            let key = door.key(|_| None, &body);
            if let Ok(Some(report)) = door.read(&key, &body) {
                let twice = report.told.clone().join(report.told.clone());
                assert_eq!(twice, report.told);
            }
            door.challenge(&body);
        }
    }
}
