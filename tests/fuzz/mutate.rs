//! Runs a target over made-up inputs, and the dice they are made with: bytes, spans, numbers and splices.

/// Inputs per target without `FUZZ_INPUTS`: a few seconds in all.
const INPUTS: u64 = 20_000;

/// Feeds `target` with what `make` makes; a panic names the input that caused it, `FUZZ_SEED` repeats the run.
pub fn run(name: &str, mut make: impl FnMut(&mut Dice) -> Vec<u8>, mut target: impl FnMut(&[u8])) {
    let inputs = number("FUZZ_INPUTS").unwrap_or(INPUTS);
    let seed = number("FUZZ_SEED").unwrap_or(1);
    let mut dice = Dice::new(seed);
    for round in 0..inputs {
        let input = make(&mut dice);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target(&input)));
        assert!(result.is_ok(), "{name}, seed {seed}, input {round}: {:?}", String::from_utf8_lossy(&input));
    }
    println!("fuzzed {name}: {inputs} inputs");
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// xorshift64*
pub struct Dice(u64);

impl Dice {
    /// The same seed throws the same.
    fn new(seed: u64) -> Self {
        // Spread, so that neighbouring seeds share nothing; zero would stay zero.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// 0..below; 0 when there is nothing to choose.
    pub fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % below.max(1)
    }

    /// One of them; there must be one.
    pub fn pick<'a, T: ?Sized>(&mut self, from: &'a [impl AsRef<T>]) -> &'a T {
        from[self.roll(from.len())].as_ref()
    }

    /// A seed with one to seven random changes that know nothing of its format.
    pub fn bytes(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.pick::<[u8]>(seeds).to_vec();
        for _ in 0..=self.roll(6) {
            self.change(&mut bytes, seeds);
        }
        bytes
    }

    /// One change anywhere.
    pub fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.roll(bytes.len() + 1);
        let end = (at + self.roll(40)).min(bytes.len());
        match self.roll(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.roll(8),
            1 if at < bytes.len() => bytes[at] = self.roll(256) as u8,
            2 => drop(bytes.drain(at..end)),
            3 => {
                let span = bytes[at..end].to_vec();
                let times = 1 + self.roll(50);
                bytes.splice(at..at, span.repeat(times));
            }
            4 => bytes.truncate(at),
            5 => {
                let word = WORDS[self.roll(WORDS.len())];
                bytes.splice(at..end, word.iter().copied());
            }
            6 => {
                let other = self.pick::<[u8]>(seeds).to_vec();
                let cut = self.roll(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[cut..]);
            }
            7 => self.replace_number(bytes),
            _ => bytes.insert(at, self.roll(256) as u8),
        }
    }

    /// Some run of digits becomes another number, often one at a limit.
    pub fn replace_number(&mut self, bytes: &mut Vec<u8>) {
        let digits: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i].is_ascii_digit()).collect();
        if digits.is_empty() {
            return;
        }
        let at = digits[self.roll(digits.len())];
        let end = (at..bytes.len()).find(|&i| !bytes[i].is_ascii_digit()).unwrap_or(bytes.len());
        bytes.splice(at..end, NUMBERS[self.roll(NUMBERS.len())].bytes());
    }

    /// A 16 or 32 bit field of the first bytes takes a value at a limit: lengths, sequence numbers, timestamps.
    pub fn field(&mut self, bytes: &mut [u8]) {
        let at = 2 * self.roll(bytes.len().min(FIELD_BYTES) / 2);
        let value = FIELDS[self.roll(FIELDS.len())].to_be_bytes();
        let value = if self.roll(2) == 0 { &value[..] } else { &value[2..] };
        for (byte, new) in bytes.iter_mut().skip(at).zip(value) {
            *byte = *new;
        }
    }
}

/// Where binary headers keep their fields.
const FIELD_BYTES: usize = 32;
const FIELDS: [u32; 10] = [0, 1, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "99999999999999999999999999",
];
const WORDS: [&[u8]; 22] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\0",
    b"\xff\xfe",
    b"\"",
    b"\\\"",
    b"<",
    b">",
    b";",
    b",",
    b"%00",
    b"%",
    b"sip:",
    b"tel:",
    b"[::1]",
    b"Content-Length: 5\r\n",
    b"v: ",
    b" \r\n ",
    b"m=audio 0 RTP/AVP 0\r\n",
    b"a=rtpmap:0 PCMU/8000\r\n",
    b"\xc3\x28",
];
