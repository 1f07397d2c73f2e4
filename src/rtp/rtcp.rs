//! RTCP (RFC 3550 section 6): reports about both halves of the stream, every five seconds.
//!
//! Leaving packets are built with the `rtcp` crate. Arriving ones are read here: only three kinds matter, and bytes from
//! a network must not reach a parser that trusts their lengths.

use std::time::{Duration, Instant};

use ::rtcp::goodbye::Goodbye;
use ::rtcp::packet::Packet;
use ::rtcp::receiver_report::ReceiverReport;
use ::rtcp::reception_report::ReceptionReport;
use ::rtcp::sender_report::SenderReport;
use ::rtcp::source_description::{SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem};

use super::receiver::Receiver;
use super::sender::{Sender, mix};

/// What the far end's RTCP said.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RtcpNews {
    /// The far end left the session.
    pub bye: bool,
    /// Round-trip time in milliseconds, when a report about us allowed one.
    pub round_trip_ms: Option<f32>,
    /// Share of our packets the far end lost since its last report, 0..=1.
    pub fraction_lost: Option<f32>,
}

/// The RTCP half of one stream.
#[derive(Debug)]
pub struct Rtcp {
    ssrc: u32,
    cname: String,
    next: Option<Instant>,
    /// The middle 32 bits of the last sender report's NTP time, and when it arrived.
    last_report: Option<(u32, Instant)>,
    /// Our own last report: middle NTP bits and when it left.
    sent: Option<(u32, Instant)>,
    /// Packets sent at the last report: without new ones a receiver report is made.
    packets_reported: u32,
}

impl Rtcp {
    /// RTCP for our SSRC; the canonical name comes from `seed`, which must be random (RFC 7022).
    pub fn new(ssrc: u32, seed: u64) -> Self {
        let cname = format!("{:016x}{:08x}", mix(seed ^ CNAME_SPLIT), mix(seed) as u32);
        Self { ssrc, cname, next: None, last_report: None, sent: None, packets_reported: 0 }
    }

    /// Reads a compound packet; what cannot be read is ignored.
    pub fn handle(&mut self, datagram: &[u8], now: Instant) -> RtcpNews {
        let mut news = RtcpNews::default();
        let mut rest = datagram;
        while let Some((&[first, kind, high, low], body)) = rest.split_first_chunk::<4>() {
            let length = usize::from(u16::from_be_bytes([high, low])) * 4;
            let Some(body_of_packet) = body.get(..length).filter(|_| first >> 6 == VERSION) else { break };
            self.handle_one(kind, first & 0x1F, body_of_packet, now, &mut news);
            rest = &body[length..];
        }
        news
    }

    /// The report due at `now`, if one is. `ntp` is the wall clock as 32.32 bits of seconds since 1900. Receiver's figures
    /// of the interval are taken.
    pub fn poll(&mut self, now: Instant, ntp: u64, sender: &Sender, receiver: &mut Receiver) -> Option<Vec<u8>> {
        let next = *self.next.get_or_insert(now + FIRST_AFTER);
        if now < next {
            return None;
        }
        self.next = Some(now + INTERVAL);
        Some(self.compound(now, ntp, sender, receiver, false))
    }

    /// When [`Rtcp::poll`] wants to be asked next; none before its first call.
    pub fn due(&self) -> Option<Instant> {
        self.next
    }

    /// The last words of the stream: a report and a BYE.
    pub fn bye(&mut self, now: Instant, ntp: u64, sender: &Sender, receiver: &mut Receiver) -> Vec<u8> {
        self.compound(now, ntp, sender, receiver, true)
    }

    fn compound(&mut self, now: Instant, ntp: u64, sender: &Sender, receiver: &mut Receiver, bye: bool) -> Vec<u8> {
        let reports: Vec<ReceptionReport> = self.report_block(now, receiver).into_iter().collect();
        let mut packets: Vec<Box<dyn Packet + Send + Sync>> = Vec::with_capacity(3);
        if sender.packets() == self.packets_reported {
            packets.push(Box::new(ReceiverReport { ssrc: self.ssrc, reports, ..Default::default() }));
        } else {
            packets.push(Box::new(self.sender_report(now, ntp, sender, reports)));
        }
        packets.push(Box::new(self.description()));
        if bye {
            packets.push(Box::new(Goodbye { sources: vec![self.ssrc], ..Default::default() }));
        }
        // Fails only for more than 31 reports or texts beyond 255 bytes: we have one and a short name.
        ::rtcp::packet::marshal(&packets).map(|bytes| bytes.to_vec()).unwrap_or_default()
    }

    fn sender_report(
        &mut self,
        now: Instant,
        ntp: u64,
        sender: &Sender,
        reports: Vec<ReceptionReport>,
    ) -> SenderReport {
        self.packets_reported = sender.packets();
        self.sent = Some((middle(ntp), now));
        SenderReport {
            ssrc: self.ssrc,
            ntp_time: ntp,
            rtp_time: sender.timestamp(),
            packet_count: sender.packets(),
            octet_count: sender.octets(),
            reports,
            ..Default::default()
        }
    }

    fn report_block(&self, now: Instant, receiver: &mut Receiver) -> Option<ReceptionReport> {
        let ssrc = receiver.ssrc()?;
        let factor = receiver.clock_factor();
        let reception = receiver.reception();
        let (last_sender_report, delay) = self.last_report.map_or((0, 0), |(middle, at)| {
            (middle, (now.saturating_duration_since(at).as_secs_f64() * 65_536.0) as u32)
        });
        Some(ReceptionReport {
            ssrc,
            fraction_lost: reception.take_fraction_lost(),
            total_lost: reception.lost().min(TOTAL_LOST_MAX) as u32,
            last_sequence_number: reception.highest(),
            jitter: reception.jitter_units().saturating_mul(factor),
            last_sender_report,
            delay,
        })
    }

    fn description(&self) -> SourceDescription {
        let name = SourceDescriptionItem { sdes_type: SdesType::SdesCname, text: self.cname.clone().into() };
        SourceDescription { chunks: vec![SourceDescriptionChunk { source: self.ssrc, items: vec![name] }] }
    }

    fn handle_one(&mut self, kind: u8, count: u8, body: &[u8], now: Instant, news: &mut RtcpNews) {
        match kind {
            SENDER_REPORT => {
                if let (Some(high), Some(low)) = (word(body, 4), word(body, 8)) {
                    self.last_report = Some((middle(u64::from(high) << 32 | u64::from(low)), now));
                }
                self.handle_blocks(body.get(SENDER_INFO_BYTES..).unwrap_or_default(), count, now, news);
            }
            RECEIVER_REPORT => self.handle_blocks(body.get(4..).unwrap_or_default(), count, now, news),
            GOODBYE => news.bye = true,
            _ => {}
        }
    }

    fn handle_blocks(&self, blocks: &[u8], count: u8, now: Instant, news: &mut RtcpNews) {
        for block in blocks.chunks_exact(BLOCK_BYTES).take(usize::from(count)) {
            if word(block, 0) == Some(self.ssrc) {
                news.fraction_lost = Some(f32::from(block[4]) / 256.0);
                news.round_trip_ms = self.round_trip_ms(word(block, 16), word(block, 20), now).or(news.round_trip_ms);
            }
        }
    }

    /// RFC 3550 section 6.4.1: time since our report left, less what the far end held it; only for our latest report.
    fn round_trip_ms(&self, last: Option<u32>, delay: Option<u32>, now: Instant) -> Option<f32> {
        let (_, at) = self.sent.filter(|&(middle, _)| last == Some(middle))?;
        let held = Duration::from_secs_f64(f64::from(delay?) / 65_536.0);
        now.saturating_duration_since(at).checked_sub(held).map(|trip| trip.as_secs_f32() * 1_000.0)
    }
}

/// The middle 32 bits of an NTP time.
fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|word| u32::from_be_bytes(*word))
}

const VERSION: u8 = 2;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const GOODBYE: u8 = 203;
/// SSRC and sender info before the report blocks.
const SENDER_INFO_BYTES: usize = 24;
const BLOCK_BYTES: usize = 24;
/// RFC 3550 section 6.2: the least interval; with two participants it is also the interval.
const INTERVAL: Duration = Duration::from_secs(5);
/// The first report may come after half of it.
const FIRST_AFTER: Duration = Duration::from_millis(2_500);
/// The field has 24 bits, signed.
const TOTAL_LOST_MAX: u64 = 0x7F_FFFF;
/// Any constant: makes the name's second half another draw.
const CNAME_SPLIT: u64 = 0x2545_F491_4F6C_DD1D;
