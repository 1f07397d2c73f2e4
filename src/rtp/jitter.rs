//! The jitter buffer: packets in as the network brings them, played out by the clock.
//!
//! Delay is whatever has been waited so far: a late packet is waited for (and concealed meanwhile), which makes the
//! delay longer; packets that have not been needed for some seconds ([`JitterBuffer::surplus_units`]) make it shorter again.

use std::time::{Duration, Instant};

use super::delay::{DELAY_US_MAX, Delays, FRAME_US, LowWater, UNIT_US};
use super::packet::Packet;
use super::{CLOCK_RATE, FRAME_UNITS};

/// What plays next.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A packet, whole: its payload type and payload. Some earlier packets were thrown away if `cut`.
    Audio {
        /// RTP payload type.
        payload_type: u8,
        /// Encoded audio.
        payload: &'a [u8],
        /// What precedes in time was dropped to shorten the delay.
        cut: bool,
    },
    /// Audio existed and is not here: conceal this many clock units.
    Lost {
        /// Clock units, 160 at most.
        units: u32,
        /// The packet that follows the lost one directly, when it is here: it may repeat what was lost.
        after: Option<&'a [u8]>,
    },
    /// The sender is silent, or has not begun: this many clock units of nothing.
    Nothing {
        /// Clock units, 160 at most.
        units: u32,
    },
}

/// An adaptive jitter buffer for one stream. Payload buffers are reused; in steady state nothing is allocated.
#[derive(Debug)]
pub struct JitterBuffer {
    /// A packet lives in the slot of its sequence number modulo the number of slots.
    slots: Vec<Slot>,
    /// Packets held, and the audio in them.
    held: usize,
    held_units: u32,
    state: State,
    /// Sequence number and timestamp due next.
    next_sequence: u16,
    next_timestamp: u32,
    /// The newest sequence number taken.
    newest: u16,
    /// A packet far off the expected sequence: two in a row are a new sequence (RFC 3550 A.1).
    stray: Option<u16>,
    /// Units concealed while waiting for a packet that was not there; taken off the next gap.
    waited: u32,
    /// The packet played last stood for no audio (a key, comfort noise): what follows is silence, not loss.
    silent: bool,
    cut: bool,
    delays: Delays,
    levels: LowWater,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No packet yet, or none after a reset.
    Idle,
    /// Gathering the target delay; since when.
    Filling(Instant),
    Playing,
}

#[derive(Debug, Default)]
struct Slot {
    taken: bool,
    sequence: u16,
    timestamp: u32,
    payload_type: u8,
    /// Clock units of audio; 0 for packets that hold none.
    units: u32,
    payload: Vec<u8>,
}

impl Default for JitterBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl JitterBuffer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            held: 0,
            held_units: 0,
            state: State::Idle,
            next_sequence: 0,
            next_timestamp: 0,
            newest: 0,
            stray: None,
            waited: 0,
            silent: false,
            cut: false,
            delays: Delays::default(),
            levels: LowWater::default(),
        }
    }

    /// Takes a packet that holds `units` clock units of audio (0: a key or comfort noise, which only keeps its place in
    /// the sequence). False when it is a duplicate, too late, or stray.
    pub fn insert(&mut self, packet: &Packet<'_>, units: u32, now: Instant) -> bool {
        if self.state == State::Idle {
            self.start_at(packet, now);
        }
        let ahead = packet.sequence.wrapping_sub(self.next_sequence) as i16;
        if !(-LATE_MAX..SLOTS as i16).contains(&ahead) && !self.follow_stray(packet, now) {
            return false;
        }
        let ahead = packet.sequence.wrapping_sub(self.next_sequence) as i16;
        if ahead < 0 && !self.reopen(packet, ahead) {
            return false;
        }
        self.stray = None;
        if units > 0 {
            self.delays.note(packet.timestamp, now);
        }
        self.store(packet, units)
    }

    /// What plays now. Call when the last answer has been played: every 20 ms for 20 ms packets.
    pub fn pop(&mut self, now: Instant) -> Frame<'_> {
        if !self.is_playing(now) {
            return Frame::Nothing { units: FRAME_UNITS };
        }
        self.pass_silent_packets();
        self.shed();
        let Some(front) = self.front() else { return self.run_dry() };
        let gap = self.gap_before(front);
        if gap == 0 {
            return self.play(front);
        }
        let units = gap.min(FRAME_UNITS);
        let lost = self.slots[front].sequence != self.next_sequence;
        self.next_timestamp = self.next_timestamp.wrapping_add(units);
        let slot = &self.slots[front];
        let after = (units == gap && slot.units > 0).then_some(slot.payload.as_slice());
        if lost { Frame::Lost { units, after } } else { Frame::Nothing { units } }
    }

    /// Forgets packets and sequence (new SSRC), keeps what is known of the network.
    pub fn reset(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.taken = false);
        (self.held, self.held_units) = (0, 0);
        self.state = State::Idle;
        (self.stray, self.waited, self.silent, self.cut) = (None, 0, false, false);
        self.delays.restart();
        self.levels = LowWater::default();
    }

    /// The delay wanted for the jitter seen in the last seconds, 20 to 200 ms.
    pub fn target(&self) -> Duration {
        Duration::from_micros(self.delays.target_us())
    }

    /// Clock units that were buffered and never needed in the last seconds, beyond one frame of reserve, or that exceed the
    /// longest delay. The owner may drop this much where it is not heard, and says so with [`JitterBuffer::shorten`].
    pub fn surplus_units(&self) -> u32 {
        let unneeded = self.levels.lowest().saturating_sub(FRAME_UNITS);
        unneeded.max(self.buffered_units().saturating_sub(DELAY_UNITS_MAX))
    }

    /// The owner dropped audio it had popped: measure anew.
    pub fn shorten(&mut self, units: u32) {
        self.levels.lower(units);
    }

    /// Audio held, in clock units.
    pub fn buffered_units(&self) -> u32 {
        self.held_units
    }

    fn start_at(&mut self, packet: &Packet<'_>, now: Instant) {
        self.state = State::Filling(now);
        self.next_sequence = packet.sequence;
        self.next_timestamp = packet.timestamp;
        self.newest = packet.sequence;
        self.waited = 0;
    }

    /// A packet outside the window: the second in a row restarts the sequence, the first is dropped.
    fn follow_stray(&mut self, packet: &Packet<'_>, now: Instant) -> bool {
        if self.stray != Some(packet.sequence) {
            self.stray = Some(packet.sequence.wrapping_add(1));
            return false;
        }
        self.reset();
        self.start_at(packet, now);
        true
    }

    /// A packet older than the playout point: welcome only while nothing has been played.
    fn reopen(&mut self, packet: &Packet<'_>, ahead: i16) -> bool {
        let span = self.newest.wrapping_sub(packet.sequence);
        if !matches!(self.state, State::Filling(_)) || usize::from(span) >= SLOTS || ahead < -REOPEN_MAX {
            return false;
        }
        self.next_sequence = packet.sequence;
        self.next_timestamp = packet.timestamp;
        true
    }

    fn store(&mut self, packet: &Packet<'_>, units: u32) -> bool {
        let slot = &mut self.slots[usize::from(packet.sequence) % SLOTS];
        if slot.taken {
            return false;
        }
        slot.taken = true;
        slot.sequence = packet.sequence;
        slot.timestamp = packet.timestamp;
        slot.payload_type = packet.payload_type;
        slot.units = units;
        slot.payload.clear();
        slot.payload.extend_from_slice(packet.payload);
        self.held += 1;
        self.held_units += units;
        if self.held == 1 || (packet.sequence.wrapping_sub(self.newest) as i16) > 0 {
            self.newest = packet.sequence;
        }
        true
    }

    /// Playing, or the target delay has just been gathered.
    fn is_playing(&mut self, now: Instant) -> bool {
        match self.state {
            State::Idle => false,
            State::Playing => true,
            State::Filling(since) => {
                let target = self.delays.target_us();
                let waited = now.saturating_duration_since(since).as_micros() as u64 + FRAME_US;
                let full = u64::from(self.buffered_units()) * UNIT_US >= target || waited >= target;
                if full && self.held > 0 {
                    self.state = State::Playing;
                }
                self.state == State::Playing
            }
        }
    }

    /// Keys and comfort noise take no time: they only tell that what follows is not lost. Comfort noise is handed out.
    fn pass_silent_packets(&mut self) {
        while let Some(front) = self.front() {
            let slot = &mut self.slots[front];
            if slot.units > 0 || !slot.payload.is_empty() || slot.sequence != self.next_sequence {
                return;
            }
            self.release(front);
            self.silent = true;
        }
    }

    /// A burst after a stall: nobody wants to hear it all, later than the longest delay allowed.
    fn shed(&mut self) {
        if self.buffered_units() <= SHED_ABOVE_UNITS {
            return;
        }
        while self.buffered_units() > DELAY_UNITS_MAX && self.held > 1 {
            let Some(front) = self.front() else { return };
            self.release(front);
            self.next_timestamp = self.slots[front].timestamp.wrapping_add(self.slots[front].units);
            self.cut = true;
        }
    }

    /// The slot of the oldest packet held.
    fn front(&self) -> Option<usize> {
        if self.held == 0 {
            return None;
        }
        let first = usize::from(self.next_sequence);
        (first..first + SLOTS).map(|sequence| sequence % SLOTS).find(|&slot| self.slots[slot].taken)
    }

    /// A packet leaves; the one after it is due.
    fn release(&mut self, front: usize) {
        let slot = &mut self.slots[front];
        slot.taken = false;
        self.held -= 1;
        self.held_units -= slot.units;
        self.next_sequence = slot.sequence.wrapping_add(1);
    }

    /// Units of the gap to fill before this packet may play; 0 once it is due.
    fn gap_before(&mut self, front: usize) -> u32 {
        let slot = &self.slots[front];
        let gap = slot.timestamp.wrapping_sub(self.next_timestamp) as i32;
        let lost = slot.sequence != self.next_sequence;
        let longest = if lost { LOSS_UNITS_MAX } else { SILENCE_UNITS_MAX };
        if gap <= 0 || gap > longest {
            // Timestamps jumped, either way: the stream goes on from here.
            self.next_timestamp = slot.timestamp;
            self.waited = 0;
            return 0;
        }
        let covered = self.waited.min(gap as u32);
        self.waited = 0;
        self.next_timestamp = self.next_timestamp.wrapping_add(covered);
        gap as u32 - covered
    }

    fn play(&mut self, front: usize) -> Frame<'_> {
        self.release(front);
        self.waited = 0;
        self.next_timestamp = self.slots[front].timestamp.wrapping_add(self.slots[front].units);
        self.silent = self.slots[front].units == 0;
        let level = self.buffered_units();
        self.levels.note(level, self.slots[front].units);
        let slot = &self.slots[front];
        Frame::Audio { payload_type: slot.payload_type, payload: &slot.payload, cut: std::mem::take(&mut self.cut) }
    }

    /// Nothing is here: wait for it, concealing; after `WAIT_UNITS_MAX` it is a pause, and its end starts anew.
    fn run_dry(&mut self) -> Frame<'_> {
        let units = FRAME_UNITS;
        self.waited += units;
        self.levels.note(0, units);
        if self.waited > WAIT_UNITS_MAX {
            self.state = State::Idle;
            return Frame::Nothing { units };
        }
        if self.silent { Frame::Nothing { units } } else { Frame::Lost { units, after: None } }
    }
}

/// 64 packets: 640 ms of the shortest packets (10 ms), beyond any delay we play.
const SLOTS: usize = 64;
/// The longest target, in clock units.
const DELAY_UNITS_MAX: u32 = (DELAY_US_MAX / UNIT_US) as u32;
/// Buffered beyond this (500 ms) is cut at once to the longest delay; what is less goes frame by frame where it is quiet.
const SHED_ABOVE_UNITS: u32 = DELAY_UNITS_MAX * 5 / 2;
/// Packets older than this many are not late but of another sequence.
const LATE_MAX: i16 = 100;
/// Packets that may come before the first one seen.
const REOPEN_MAX: i16 = 16;
/// Waiting this long (100 ms) for a packet that does not come is a pause of the sender.
const WAIT_UNITS_MAX: u32 = 5 * FRAME_UNITS;
/// A gap with missing packets longer than 1 s is not concealed but skipped.
const LOSS_UNITS_MAX: i32 = CLOCK_RATE as i32;
/// A gap without missing packets longer than 200 ms: the packet is already here, so the sender's clock jumped.
const SILENCE_UNITS_MAX: i32 = CLOCK_RATE as i32 / 5;
