//! Keys as telephone events (RFC 4733), in and out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Turns event packets into keys, each press exactly once.
///
/// A press counts at the first of its packets that arrives, whichever that is: neither the marker bit nor the end packets
/// are needed, and a press is lost only when all of its packets are.
#[derive(Debug, Clone, Default)]
pub struct DtmfReceiver {
    /// The presses seen last, newest first.
    seen: VecDeque<Press>,
}

/// What is remembered of one press.
#[derive(Debug, Clone, Copy)]
struct Press {
    event: u8,
    timestamp: u32,
    duration: u16,
    ended: bool,
    /// When its last packet arrived.
    at: Instant,
}

impl DtmfReceiver {
    /// A receiver that has seen no key.
    pub fn new() -> Self {
        Self { seen: VecDeque::with_capacity(SEEN_MAX + 1) }
    }

    /// Takes the payload and the timestamp of an event packet; the key, if this begins a press. The marker bit is taken
    /// but not trusted: some senders never set it, some set it on every packet.
    pub fn handle(&mut self, payload: &[u8], timestamp: u32, _marker: bool, now: Instant) -> Option<char> {
        let &[event, flags, high, low, ..] = payload else { return None };
        let key = *KEYS.get(usize::from(event))?;
        let duration = u16::from_be_bytes([high, low]);
        let packet = Press { event, timestamp, duration, ended: flags & END_BIT != 0, at: now };
        if let Some(press) = self.seen.iter_mut().find(|press| press.is_continued_by(&packet)) {
            press.take(&packet);
            return None;
        }
        self.seen.push_front(packet);
        self.seen.truncate(SEEN_MAX);
        Some(key)
    }

    /// Whether a key is held down: its packets keep coming and none said it ended.
    pub fn is_pressed(&self, now: Instant) -> bool {
        self.seen.front().is_some_and(|press| !press.ended && now.saturating_duration_since(press.at) < RELEASED_AFTER)
    }
}

impl Press {
    fn is_continued_by(&self, packet: &Press) -> bool {
        if self.event != packet.event {
            return false;
        }
        let fresh = packet.at.saturating_duration_since(self.at) < FORGOTTEN_AFTER;
        let growing = !self.ended && packet.duration >= self.duration;
        if self.timestamp == packet.timestamp {
            // Some callers' test tools begin every digit string at the same timestamp: old presses do not count.
            return fresh || (growing && packet.duration > self.duration);
        }
        let ahead = packet.timestamp.wrapping_sub(self.timestamp);
        // Broken senders move the timestamp with each packet of one press; then it grows inside what it claims to cover.
        let sliding = growing && packet.duration > self.duration && ahead <= u32::from(self.duration);
        // RFC 4733 section 2.5.1.3: an event longer than 0xFFFF units goes on under a new timestamp.
        let segment = !self.ended && self.duration >= SEGMENT_UNITS && ahead <= u32::from(u16::MAX) + 1;
        fresh && (sliding || segment)
    }

    fn take(&mut self, packet: &Press) {
        // A reordered packet of the press must not make it younger.
        self.duration =
            if self.timestamp == packet.timestamp { self.duration.max(packet.duration) } else { packet.duration };
        self.timestamp = packet.timestamp;
        self.ended |= packet.ended;
        self.at = self.at.max(packet.at);
    }
}

/// Sends keys as event packets, one per 20 ms tick, through [`super::Sender::next_event`].
#[derive(Debug, Clone)]
pub struct DtmfSender {
    payload_type: u8,
    /// Whether the first packet of a key carries the marker bit.
    marker: bool,
    waiting: VecDeque<(u8, u32)>,
    current: Option<Sending>,
    /// Ticks of silence still owed between two keys.
    pause: u32,
    /// Clock units of a tick.
    tick_units: u32,
}

#[derive(Debug, Clone, Copy)]
struct Sending {
    event: u8,
    timestamp: u32,
    /// Units sent so far, and in all.
    sent: u32,
    total: u32,
    ends: u8,
}

/// One event packet without its RTP header.
pub(super) struct EventPacket {
    pub payload_type: u8,
    pub timestamp: u32,
    pub marker: bool,
    pub payload: [u8; 4],
}

impl DtmfSender {
    /// A sender for the payload type negotiated for telephone-event.
    pub fn new(payload_type: u8) -> Self {
        let (payload_type, tick_units) = (payload_type & 0x7F, super::FRAME_UNITS);
        Self { payload_type, marker: true, waiting: VecDeque::new(), current: None, pause: 0, tick_units }
    }

    /// The clock negotiated for telephone-event, Hz; 8,000 unless said otherwise.
    pub fn set_clock(&mut self, clock_rate: u32) {
        self.tick_units = (clock_rate / 50).max(1);
    }

    /// Whether the first packet of a key carries the marker bit, as RFC 4733 has it; some phones never set it.
    pub fn set_marker(&mut self, marker: bool) {
        self.marker = marker;
    }

    /// Queues a key for `duration_ms` (rounded up to ticks, 40 ms at least, 8 s at most). False when the character is no
    /// key or too many wait.
    pub fn press(&mut self, key: char, duration_ms: u32) -> bool {
        let Some(event) = KEYS.iter().position(|&k| k == key.to_ascii_uppercase()) else { return false };
        if self.waiting.len() >= WAITING_MAX {
            return false;
        }
        let ticks = duration_ms.clamp(PRESS_MS_MIN, PRESS_MS_MAX).div_ceil(20);
        // The duration field has 16 bits: at 48 kHz that is 1.3 s.
        let units = (ticks * self.tick_units).min(u32::from(u16::MAX) / self.tick_units * self.tick_units);
        self.waiting.push_back((event as u8, units));
        true
    }

    /// Nothing is being sent or waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.current.is_none()
    }

    /// The packet of this tick, whose clock stands at `timestamp`.
    pub(super) fn next(&mut self, timestamp: u32) -> Option<EventPacket> {
        if self.current.is_none() {
            if self.pause > 0 {
                self.pause -= 1;
                return None;
            }
            let (event, total) = self.waiting.pop_front()?;
            self.current = Some(Sending { event, timestamp, sent: 0, total, ends: 0 });
        }
        let sending = self.current.as_mut()?;
        let marker = self.marker && sending.sent == 0;
        sending.sent = (sending.sent + self.tick_units).min(sending.total);
        let end = sending.sent == sending.total;
        sending.ends += u8::from(end);
        let [high, low] = (sending.sent as u16).to_be_bytes();
        let flags = VOLUME | if end { END_BIT } else { 0 };
        let payload = [sending.event, flags, high, low];
        let packet = EventPacket { payload_type: self.payload_type, timestamp: sending.timestamp, marker, payload };
        if sending.ends == END_PACKETS {
            self.current = None;
            self.pause = PAUSE_TICKS;
        }
        Some(packet)
    }
}

/// Keys in the order of their event codes, RFC 4733 section 3.2.
const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];
/// End of event, in the second byte.
const END_BIT: u8 = 0x80;
/// -10 dBm0, the usual loudness of a key.
const VOLUME: u8 = 10;
/// RFC 4733 section 2.5.1.4: the last packet is sent three times.
const END_PACKETS: u8 = 3;
/// 60 ms between keys: with the two repeated ends more than the 40 ms any receiver needs.
const PAUSE_TICKS: u32 = 3;
const PRESS_MS_MIN: u32 = 40;
/// The duration field holds 65,535 units: 8.19 s.
const PRESS_MS_MAX: u32 = 8_000;
/// More keys than any menu takes.
const WAITING_MAX: usize = 64;
/// Presses remembered: late packets come from the last one or two.
const SEEN_MAX: usize = 8;
/// Packets of one press are 20-60 ms apart and repeated ends follow at once; a second covers any burst of loss or delay.
const FORGOTTEN_AFTER: Duration = Duration::from_millis(1_000);
/// A key whose packets stop without an end is up after this.
const RELEASED_AFTER: Duration = Duration::from_millis(100);
/// A segment that is nearly full: the next packet may open a new one.
const SEGMENT_UNITS: u16 = 0xFFFF - 1_600;
