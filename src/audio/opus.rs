//! Opus (RFC 6716) by libopus, mono: both halves of a stream, with redundancy, concealment and silence suppression.

use std::fmt;

use audiopus::coder::{Decoder as LibDecoder, Encoder as LibEncoder};
use audiopus::packet::Packet;
use audiopus::{Application, Bitrate, Channels, MutSignals, SampleRate, Signal};

/// Samples to packets.
pub struct Encoder {
    lib: LibEncoder,
}

/// Packets to samples.
pub struct Decoder {
    lib: LibDecoder,
}

impl Encoder {
    /// An encoder for samples at `rate` Hz (8,000, 16,000, 24,000 or 48,000); none when libopus has no memory for it. `fec`
    /// repeats each packet in the next, coarsely; `dtx` sends next to nothing while it is quiet.
    pub fn new(rate: u32, fec: bool, dtx: bool) -> Option<Self> {
        let mut lib = LibEncoder::new(sample_rate(rate)?, Channels::Mono, Application::Voip).ok()?;
        lib.set_bitrate(Bitrate::BitsPerSecond(BITS_PER_SECOND)).ok()?;
        lib.set_complexity(COMPLEXITY).ok()?;
        lib.set_signal(Signal::Voice).ok()?;
        lib.set_inband_fec(fec).ok()?;
        lib.set_packet_loss_perc(LOSS_PERCENT_ASSUMED).ok()?;
        lib.set_dtx(dtx).ok()?;
        Some(Self { lib })
    }

    /// Appends one packet to `out`: 10, 20, 40 or 60 ms of samples. False, and nothing appended, when there is nothing worth
    /// sending: silence, or a length Opus has no frame for.
    pub fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) -> bool {
        let start = out.len();
        out.resize(start + PACKET_BYTES_MAX, 0);
        let length = self.lib.encode(samples, &mut out[start..]).unwrap_or(0);
        // RFC 6716 section 2.1.9: packets of one or two bytes need not be sent.
        let worth = length > DTX_BYTES;
        out.truncate(start + if worth { length } else { 0 });
        worth
    }

    /// What share of packets the far end loses: decides how much is spent on redundancy.
    pub fn expect_loss(&mut self, percent: u8) {
        // Refused only above 100.
        let _ = self.lib.set_packet_loss_perc(percent.clamp(LOSS_PERCENT_ASSUMED, 100));
    }
}

impl Decoder {
    /// A decoder to samples at `rate` Hz; none when libopus has no memory for it.
    pub fn new(rate: u32) -> Option<Self> {
        Some(Self { lib: LibDecoder::new(sample_rate(rate)?, Channels::Mono).ok()? })
    }

    /// Appends the samples of a packet to `out`; false, and nothing appended, when it is none.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> bool {
        self.run(Some(payload), SAMPLES_MAX, false, out)
    }

    /// Appends `samples` samples in place of a lost packet, from the redundancy in the packet after it where there is any.
    pub fn recover(&mut self, samples: usize, after: &[u8], out: &mut Vec<i16>) -> bool {
        self.run(Some(after), samples, true, out)
    }

    /// Appends `samples` samples in place of a lost packet, or of the noise of a pause.
    pub fn conceal(&mut self, samples: usize, out: &mut Vec<i16>) -> bool {
        self.run(None, samples, false, out)
    }

    fn run(&mut self, payload: Option<&[u8]>, samples: usize, fec: bool, out: &mut Vec<i16>) -> bool {
        let start = out.len();
        out.resize(start + samples, 0);
        let packet = payload.map(Packet::try_from).transpose();
        let signals = MutSignals::try_from(&mut out[start..]);
        let decoded = match (packet, signals) {
            (Ok(packet), Ok(signals)) => self.lib.decode(packet, signals, fec).unwrap_or(0),
            _ => 0,
        };
        out.truncate(start + decoded);
        decoded > 0
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("opus::Encoder")
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("opus::Decoder")
    }
}

/// Length of a packet in samples at 8 kHz, whatever it was made from; 0 when it is none.
pub fn length(payload: &[u8]) -> usize {
    Packet::try_from(payload)
        .and_then(|packet| audiopus::packet::nb_samples(packet, SampleRate::Hz8000))
        .ok()
        .filter(|&samples| samples <= LENGTH_MAX)
        .unwrap_or(0)
}

fn sample_rate(rate: u32) -> Option<SampleRate> {
    match rate {
        8_000 => Some(SampleRate::Hz8000),
        16_000 => Some(SampleRate::Hz16000),
        24_000 => Some(SampleRate::Hz24000),
        48_000 => Some(SampleRate::Hz48000),
        _ => None,
    }
}

/// Wideband speech is transparent to most ears from 24 kbit/s.
const BITS_PER_SECOND: i32 = 24_000;
/// Of 0..=10: half the cost of the highest, next to nothing lost for speech.
const COMPLEXITY: u8 = 5;
/// Redundancy costs next to nothing here and is there when the first packet is lost.
const LOSS_PERCENT_ASSUMED: u8 = 5;
/// Longest packet that only says that it is quiet.
const DTX_BYTES: usize = 2;
/// 60 ms at the highest rate we would ever send fit.
const PACKET_BYTES_MAX: usize = 1_275;
/// RFC 6716: a packet has 120 ms at most; at 48 kHz and at 8 kHz.
const SAMPLES_MAX: usize = 5_760;
const LENGTH_MAX: usize = 960;
