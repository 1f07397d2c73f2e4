//! CTranslate2 weights to a whisper.cpp file: the same numbers under OpenAI's names.

use super::ct2::{Model, Tensor};
use super::ggml::{BLOCK, File, Sizes, Stored};
use super::mel::{MEL_BANDS, MEL_BINS, mel_bank};

/// How the matrices are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weights {
    /// Half precision.
    F16,
    /// 8-bit blocks: half the size, and faster.
    Q8,
}

/// Converts; `vocabulary` is one byte-encoded token a line.
///
/// # Errors
/// Says which tensor or token is not as expected.
pub(super) fn whisper(bytes: &[u8], vocabulary: &str, weights: Weights) -> Result<Vec<u8>, String> {
    let model = Model::parse(bytes)?;
    let tokens = tokens(vocabulary)?;
    let matrix = match weights {
        Weights::F16 => Stored::F16,
        Weights::Q8 => Stored::Q8,
    };
    let mut file = File::new(sizes(&model)?, matrix);
    file.mel_bank(MEL_BANDS, MEL_BINS, &mel_bank());
    file.vocabulary(&tokens);
    let mut copy = Copier { model: &model, file, matrix };
    copy.encoder()?;
    copy.decoder()?;
    Ok(copy.file.finish())
}

fn sizes(model: &Model<'_>) -> Result<Sizes, String> {
    let two = |name: &str| match *model.tensor(name)?.dims() {
        [rows, columns] => Ok((rows, columns)),
        _ => Err(format!("tensor {name} is no matrix")),
    };
    let (vocabulary, state) = two("decoder/embeddings/weight")?;
    let (audio_context, _) = two("encoder/position_encodings/encodings")?;
    let (text_context, _) = two("decoder/position_encodings/encodings")?;
    let (audio_layers, text_layers) = (model.layers("encoder"), model.layers("decoder"));
    Ok(Sizes { vocabulary, audio_context, state, audio_layers, text_context, text_layers, mels: MEL_BANDS })
}

struct Copier<'a> {
    model: &'a Model<'a>,
    file: File,
    matrix: Stored,
}

impl Copier<'_> {
    fn encoder(&mut self) -> Result<(), String> {
        self.whole("encoder/position_encodings/encodings", "encoder.positional_embedding", Stored::F32)?;
        for conv in ["conv1", "conv2"] {
            self.whole(&format!("encoder/{conv}/weight"), &format!("encoder.{conv}.weight"), Stored::F16)?;
            let bias = self.model.tensor(&format!("encoder/{conv}/bias"))?;
            // The file wants one bias per row of a column.
            let dims = [bias.dims()[0], 1];
            self.file.tensor(&format!("encoder.{conv}.bias"), &dims, &bias.values()?, Stored::F32);
        }
        self.norm("encoder/layer_norm", "encoder.ln_post")?;
        for layer in 0..self.model.layers("encoder") {
            let (from, to) = (format!("encoder/layer_{layer}"), format!("encoder.blocks.{layer}"));
            self.self_attention(&from, &to)?;
            self.feed_forward(&from, &to)?;
        }
        Ok(())
    }

    fn decoder(&mut self) -> Result<(), String> {
        self.whole("decoder/position_encodings/encodings", "decoder.positional_embedding", Stored::F32)?;
        self.whole("decoder/embeddings/weight", "decoder.token_embedding.weight", self.matrix)?;
        self.norm("decoder/layer_norm", "decoder.ln")?;
        for layer in 0..self.model.layers("decoder") {
            let (from, to) = (format!("decoder/layer_{layer}"), format!("decoder.blocks.{layer}"));
            self.self_attention(&from, &to)?;
            self.cross_attention(&from, &to)?;
            self.feed_forward(&from, &to)?;
        }
        Ok(())
    }

    /// Query, key and value are stacked in `linear_0`.
    fn self_attention(&mut self, from: &str, to: &str) -> Result<(), String> {
        self.norm(&format!("{from}/self_attention/layer_norm"), &format!("{to}.attn_ln"))?;
        let fused = format!("{from}/self_attention/linear_0");
        self.stacked(&fused, 0, 3, &format!("{to}.attn.query"), true)?;
        self.stacked(&fused, 1, 3, &format!("{to}.attn.key"), false)?;
        self.stacked(&fused, 2, 3, &format!("{to}.attn.value"), true)?;
        self.linear(&format!("{from}/self_attention/linear_1"), &format!("{to}.attn.out"))
    }

    /// Key and value are stacked in `linear_1`.
    fn cross_attention(&mut self, from: &str, to: &str) -> Result<(), String> {
        self.norm(&format!("{from}/attention/layer_norm"), &format!("{to}.cross_attn_ln"))?;
        self.linear(&format!("{from}/attention/linear_0"), &format!("{to}.cross_attn.query"))?;
        let fused = format!("{from}/attention/linear_1");
        self.stacked(&fused, 0, 2, &format!("{to}.cross_attn.key"), false)?;
        self.stacked(&fused, 1, 2, &format!("{to}.cross_attn.value"), true)?;
        self.linear(&format!("{from}/attention/linear_2"), &format!("{to}.cross_attn.out"))
    }

    fn feed_forward(&mut self, from: &str, to: &str) -> Result<(), String> {
        self.norm(&format!("{from}/ffn/layer_norm"), &format!("{to}.mlp_ln"))?;
        self.linear(&format!("{from}/ffn/linear_0"), &format!("{to}.mlp.0"))?;
        self.linear(&format!("{from}/ffn/linear_1"), &format!("{to}.mlp.2"))
    }

    fn norm(&mut self, from: &str, to: &str) -> Result<(), String> {
        self.whole(&format!("{from}/gamma"), &format!("{to}.weight"), Stored::F32)?;
        self.whole(&format!("{from}/beta"), &format!("{to}.bias"), Stored::F32)
    }

    fn linear(&mut self, from: &str, to: &str) -> Result<(), String> {
        self.stacked(from, 0, 1, to, true)
    }

    /// Part `part` of `parts` stacked along the rows. A key has no bias: its part of the stacked bias is zero.
    fn stacked(&mut self, from: &str, part: usize, parts: usize, to: &str, bias: bool) -> Result<(), String> {
        let weight = self.model.tensor(&format!("{from}/weight"))?;
        let &[rows, columns] = weight.dims() else { return Err(format!("{from}/weight is no matrix")) };
        if columns % BLOCK != 0 {
            return Err(format!("{from}/weight is {columns} wide, not a multiple of {BLOCK}"));
        }
        let values = weight.values()?;
        self.file.tensor(&format!("{to}.weight"), &[rows / parts, columns], slice(&values, part, parts), self.matrix);
        let values = self.model.tensor(&format!("{from}/bias"))?.values()?;
        let own = slice(&values, part, parts);
        match bias {
            true => self.file.tensor(&format!("{to}.bias"), &[own.len()], own, Stored::F32),
            false if own.iter().any(|&b| b != 0.0) => return Err(format!("{to} has a bias, none is expected")),
            false => {}
        }
        Ok(())
    }

    fn whole(&mut self, from: &str, to: &str, stored: Stored) -> Result<(), String> {
        let tensor: Tensor<'_> = self.model.tensor(from)?;
        self.file.tensor(to, tensor.dims(), &tensor.values()?, stored);
        Ok(())
    }
}

fn slice(values: &[f32], part: usize, parts: usize) -> &[f32] {
    let length = values.len() / parts;
    &values[part * length..(part + 1) * length]
}

/// The ordinary tokens' bytes: everything before the first special one.
fn tokens(vocabulary: &str) -> Result<Vec<Vec<u8>>, String> {
    let ordinary = vocabulary.split('\n').take_while(|line| *line != "<|endoftext|>");
    let tokens = ordinary.map(token_bytes).collect::<Result<Vec<_>, _>>()?;
    if tokens.len() < ORDINARY_TOKENS_MIN {
        return Err(format!("the vocabulary has only {} tokens", tokens.len()));
    }
    Ok(tokens)
}

/// Byte-level BPE writes each byte as one printable character: printable Latin-1 as itself, the rest from U+0100 on.
fn token_bytes(token: &str) -> Result<Vec<u8>, String> {
    token
        .chars()
        .map(|c| char_byte(c).ok_or_else(|| format!("token {token:?} holds {c:?}, which stands for no byte")))
        .collect()
}

fn char_byte(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ (0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff) => u8::try_from(code).ok(),
        code @ 0x100..=0x143 => shifted_bytes().nth((code - 0x100) as usize),
        _ => None,
    }
}

/// Bytes that are not printable Latin-1, in order.
fn shifted_bytes() -> impl Iterator<Item = u8> {
    (0..=u8::MAX).filter(|b| !matches!(b, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff))
}

/// GPT-2's vocabulary: fewer means a cut file.
const ORDINARY_TOKENS_MIN: usize = 50_256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_character() {
        let mut seen: Vec<u8> = (0x21..=0x143).filter_map(char::from_u32).filter_map(char_byte).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..=u8::MAX).collect::<Vec<_>>());
    }

    #[test]
    fn space_and_newline_are_decoded() {
        assert_eq!(token_bytes("Ġthe").as_deref(), Ok(b" the".as_slice()));
        assert_eq!(token_bytes("Ċ").as_deref(), Ok(b"\n".as_slice()));
        assert!(token_bytes("日").is_err());
    }
}
