//! Any bytes as RTCP.

use std::time::{Duration, Instant};

use offhook::rtp::Rtcp;

use crate::mutate;

#[test]
fn no_report_panics_the_reader() {
    let mut rtcp = Rtcp::new(7, 7);
    let mut now = Instant::now();
    mutate::run("rtcp", &seeds(), |bytes| {
        now += Duration::from_millis(11);
        let _ = rtcp.handle(bytes, now);
    });
}

fn seeds() -> Vec<Vec<u8>> {
    let mut sender_report = vec![0x81, 200, 0, 12];
    sender_report.extend([9; 48]);
    let mut receiver_report = vec![0x81, 201, 0, 7];
    receiver_report.extend([8; 28]);
    let mut described = vec![0x81, 202, 0, 3, 1, 2, 3, 4, 1, 2, b'a', b'b', 0, 0, 0, 0];
    described.extend([0x81, 203, 0, 1, 1, 2, 3, 4]);
    let compound = [sender_report.clone(), described.clone()].concat();
    vec![sender_report, receiver_report, described, compound]
}
