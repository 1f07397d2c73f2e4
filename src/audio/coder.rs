//! Encoders and decoders with their memory, behind one door each.

use super::codec::Codec;
use super::resample::Resampler;
use super::{g711, g722, opus};

/// Encodes one stream: sound at the house's rate in, payloads of a codec out.
#[derive(Debug)]
pub struct Encoder {
    kind: EncoderKind,
    codec: Codec,
    /// To the codec's own rate, where it is another one.
    resampler: Option<Resampler>,
    resampled: Vec<i16>,
}

#[derive(Debug)]
enum EncoderKind {
    Pcmu,
    Pcma,
    G722(Box<g722::Encoder>),
    Opus(opus::Encoder),
}

impl Encoder {
    /// An encoder that takes samples at `rate` Hz (8,000 or 16,000). `fec` and `dtx` are Opus's redundancy and silence
    /// suppression.
    pub fn new(codec: Codec, rate: u32, fec: bool, dtx: bool) -> Self {
        let kind = match codec {
            Codec::Pcma => EncoderKind::Pcma,
            Codec::G722 => EncoderKind::G722(Box::default()),
            Codec::Pcmu => EncoderKind::Pcmu,
            // Without memory for it nothing is sent: the line is silent, the process lives.
            Codec::Opus => opus::Encoder::new(rate, fec, dtx).map_or(EncoderKind::Pcmu, EncoderKind::Opus),
        };
        let own = if codec == Codec::Opus { rate } else { codec.sample_rate() };
        let resampler = (own != rate).then(|| Resampler::new(rate, own));
        Self { kind, codec, resampler, resampled: Vec::with_capacity(RESERVED_SAMPLES) }
    }

    /// Which codec.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Appends the encoded samples to `out`; false when there is nothing worth sending.
    pub fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) -> bool {
        let samples = match &mut self.resampler {
            Some(resampler) => {
                self.resampled.clear();
                resampler.process(samples, &mut self.resampled);
                self.resampled.as_slice()
            }
            None => samples,
        };
        match &mut self.kind {
            EncoderKind::Pcmu => g711::encode_ulaw_slice(samples, out),
            EncoderKind::Pcma => g711::encode_alaw_slice(samples, out),
            EncoderKind::G722(coder) => coder.encode(samples, out),
            EncoderKind::Opus(coder) => return coder.encode(samples, out),
        }
        true
    }

    /// What share of packets the far end loses.
    pub fn expect_loss(&mut self, percent: u8) {
        if let EncoderKind::Opus(coder) = &mut self.kind {
            coder.expect_loss(percent);
        }
    }
}

/// Decodes one stream, whichever of the codecs its packets have, to the house's rate.
#[derive(Debug)]
pub struct Decoder {
    rate: u32,
    g722: Box<g722::Decoder>,
    /// Made when Opus was negotiated.
    opus: Option<opus::Decoder>,
    /// Between 8 and 16 kHz, whichever way is needed; made when it first is.
    resampler: Option<Resampler>,
    own: Vec<i16>,
}

impl Decoder {
    /// A decoder that gives samples at `rate` Hz (8,000 or 16,000).
    pub fn new(rate: u32) -> Self {
        Self { rate, g722: Box::default(), opus: None, resampler: None, own: Vec::with_capacity(RESERVED_SAMPLES) }
    }

    /// The house's rate in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Makes ready for Opus; other codecs need nothing.
    pub fn prepare(&mut self, codec: Codec) {
        if codec == Codec::Opus && self.opus.is_none() {
            self.opus = opus::Decoder::new(self.rate);
        }
    }

    /// Appends the samples of a payload to `out`; one that cannot be read gives none.
    pub fn decode(&mut self, codec: Codec, payload: &[u8], out: &mut Vec<i16>) {
        if codec == Codec::Opus {
            if let Some(opus) = &mut self.opus {
                opus.decode(payload, out);
            }
            return;
        }
        let same = codec.sample_rate() == self.rate;
        self.own.clear();
        let to = if same { &mut *out } else { &mut self.own };
        match codec {
            Codec::Pcma => g711::decode_alaw_slice(payload, to),
            Codec::G722 => self.g722.decode(payload, to),
            Codec::Pcmu | Codec::Opus => g711::decode_ulaw_slice(payload, to),
        }
        if !same {
            let (from, to) = (codec.sample_rate(), self.rate);
            self.resampler.get_or_insert_with(|| Resampler::new(from, to)).process(&self.own, out);
        }
    }

    /// Appends `samples` samples in place of lost ones, with what the packet `after` them repeats; false when this codec's
    /// losses are concealed by others.
    pub fn conceal(&mut self, codec: Codec, samples: usize, after: Option<&[u8]>, out: &mut Vec<i16>) -> bool {
        match &mut self.opus {
            Some(opus) if codec == Codec::Opus => match after {
                Some(after) => opus.recover(samples, after, out) || opus.conceal(samples, out),
                None => opus.conceal(samples, out),
            },
            _ => false,
        }
    }
}

/// The longest packet played, 200 ms at 16 kHz.
const RESERVED_SAMPLES: usize = 3_200;
