//! Writer of whisper.cpp's model file.

use super::half;

/// Model sizes, in the order they stand in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Tokens.
    pub vocabulary: usize,
    /// Encoder positions.
    pub audio_context: usize,
    /// Width.
    pub state: usize,
    /// Encoder layers.
    pub audio_layers: usize,
    /// Decoder positions.
    pub text_context: usize,
    /// Decoder layers.
    pub text_layers: usize,
    /// Mel bands.
    pub mels: usize,
}

/// How a tensor's values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// float32.
    F32,
    /// float16.
    F16,
    /// Blocks of 32 signed bytes with a float16 scale.
    Q8,
}

/// The file, growing.
pub(super) struct File {
    bytes: Vec<u8>,
}

impl File {
    /// Header: sizes and how most weights are stored.
    pub fn new(sizes: Sizes, weights: Stored) -> File {
        let mut file = File { bytes: Vec::new() };
        let heads = sizes.state / HEAD_WIDTH;
        file.u32(MAGIC);
        for value in [
            sizes.vocabulary,
            sizes.audio_context,
            sizes.state,
            heads,
            sizes.audio_layers,
            sizes.text_context,
            sizes.state,
            heads,
            sizes.text_layers,
            sizes.mels,
        ] {
            file.u32(value as u32);
        }
        file.u32(match weights {
            Stored::F32 => 0,
            Stored::F16 => 1,
            Stored::Q8 => QUANTISATION_VERSION * 1000 + 7,
        });
        file
    }

    /// The mel bank, `rows` of `columns`.
    pub fn mel_bank(&mut self, rows: usize, columns: usize, bank: &[f32]) {
        self.u32(rows as u32);
        self.u32(columns as u32);
        self.floats(bank);
    }

    /// The tokens' bytes, ordinary ones only: the special ones follow from their count.
    pub fn vocabulary(&mut self, tokens: &[Vec<u8>]) {
        self.u32(tokens.len() as u32);
        for token in tokens {
            self.u32(token.len() as u32);
            self.bytes.extend(token);
        }
    }

    /// A tensor; `dims` outermost first, as in row-major arrays (the file wants them the other way round).
    pub fn tensor(&mut self, name: &str, dims: &[usize], values: &[f32], stored: Stored) {
        self.u32(dims.len() as u32);
        self.u32(name.len() as u32);
        self.u32(match stored {
            Stored::F32 => 0,
            Stored::F16 => 1,
            Stored::Q8 => 8,
        });
        for &dim in dims.iter().rev() {
            self.u32(dim as u32);
        }
        self.bytes.extend(name.as_bytes());
        match stored {
            Stored::F32 => self.floats(values),
            Stored::F16 => values.iter().for_each(|&v| self.bytes.extend(half::from_f32(v).to_le_bytes())),
            Stored::Q8 => values.chunks(BLOCK).for_each(|block| self.block(block)),
        }
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// One block: the largest magnitude becomes 127.
    fn block(&mut self, values: &[f32]) {
        let largest = values.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        let scale = largest / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        self.bytes.extend(half::from_f32(scale).to_le_bytes());
        self.bytes.extend(values.iter().map(|v| (v * inverse).round() as i8 as u8));
    }

    fn floats(&mut self, values: &[f32]) {
        values.iter().for_each(|v| self.bytes.extend(v.to_le_bytes()));
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_le_bytes());
    }
}

/// "ggml".
const MAGIC: u32 = 0x6767_6d6c;

/// ggml's version of its block formats.
const QUANTISATION_VERSION: u32 = 2;

/// Values per block.
pub(super) const BLOCK: usize = 32;

/// Every Whisper's attention heads are this wide.
const HEAD_WIDTH: usize = 64;
