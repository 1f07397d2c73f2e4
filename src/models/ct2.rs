//! Reader of CTranslate2's `model.bin`: a flat list of named tensors, little-endian.

use std::collections::HashMap;

use super::half;

/// The file's tensors by name; the bytes stay where they are.
pub(super) struct Model<'a> {
    tensors: HashMap<&'a str, Tensor<'a>>,
}

/// One tensor, row-major.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tensor<'a> {
    dims: [usize; 3],
    rank: usize,
    kind: Kind,
    bytes: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Single,
    Half,
    Other,
}

impl<'a> Model<'a> {
    /// Reads the list.
    ///
    /// # Errors
    /// Says what is not as it should be.
    pub fn parse(bytes: &'a [u8]) -> Result<Model<'a>, String> {
        let mut reader = Reader { bytes };
        reader.u32()?;
        let spec = reader.string()?;
        if spec != "WhisperSpec" {
            return Err(format!("this is a {spec}, not Whisper weights"));
        }
        reader.u32()?;
        let count = reader.u32()?;
        let mut tensors = HashMap::new();
        for _ in 0..count {
            let name = reader.string()?;
            tensors.insert(name, reader.tensor(name)?);
        }
        Ok(Model { tensors })
    }

    /// A tensor by name.
    pub fn tensor(&self, name: &str) -> Result<Tensor<'a>, String> {
        self.tensors.get(name).copied().ok_or_else(|| format!("tensor {name} is missing"))
    }

    /// Number of layers under `encoder` or `decoder`.
    pub fn layers(&self, side: &str) -> usize {
        (0..)
            .take_while(|i| self.tensors.contains_key(format!("{side}/layer_{i}/ffn/linear_0/weight").as_str()))
            .count()
    }
}

impl Tensor<'_> {
    /// Sizes, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank]
    }

    /// Values as single precision.
    pub fn values(&self) -> Result<Vec<f32>, String> {
        match self.kind {
            Kind::Single => {
                Ok(self.bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
            }
            Kind::Half => {
                Ok(self.bytes.chunks_exact(2).map(|b| half::to_f32(u16::from_le_bytes([b[0], b[1]]))).collect())
            }
            Kind::Other => Err("weights are neither float32 nor float16".to_owned()),
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (head, rest) = self.bytes.split_at_checked(count).ok_or("the file is cut short")?;
        self.bytes = rest;
        Ok(head)
    }

    fn u8(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn u32(&mut self) -> Result<u32, String> {
        let b = self.take(4)?;
        Ok(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    /// Length (with the closing zero), bytes, zero.
    fn string(&mut self) -> Result<&'a str, String> {
        let b = self.take(2)?;
        let length = usize::from(u16::from_le_bytes([b[0], b[1]]));
        let text = self.take(length)?.strip_suffix(&[0]).ok_or("a name has no end")?;
        std::str::from_utf8(text).map_err(|_| "a name is not UTF-8".to_owned())
    }

    fn tensor(&mut self, name: &str) -> Result<Tensor<'a>, String> {
        let rank = usize::from(self.u8()?);
        let mut dims = [1; 3];
        if rank > dims.len() {
            return Err(format!("tensor {name} has {rank} dimensions"));
        }
        for dim in &mut dims[..rank] {
            *dim = self.u32()? as usize;
        }
        let kind = match self.u8()? {
            0 => Kind::Single,
            4 => Kind::Half,
            _ => Kind::Other,
        };
        let length = self.u32()? as usize;
        let bytes = self.take(length)?;
        let width = match kind {
            Kind::Single => 4,
            Kind::Half => 2,
            Kind::Other => return Ok(Tensor { dims, rank, kind, bytes }),
        };
        let count = dims.iter().try_fold(width, |product: usize, &d| product.checked_mul(d));
        if count != Some(length) {
            return Err(format!("tensor {name} has {length} bytes for {:?}", &dims[..rank]));
        }
        Ok(Tensor { dims, rank, kind, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Model::parse(&bytes);
            let mut with_head = b"\x06\0\0\0\x0c\0WhisperSpec\0\x03\0\0\0\x02\0\0\0".to_vec();
            with_head.extend(bytes);
            if let Ok(model) = Model::parse(&with_head) {
                prop_assert!(model.tensor("no such").is_err());
            }
        }
    }
}
