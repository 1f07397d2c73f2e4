//! Seeded mutation of whole messages: bytes, spans, numbers and splices.

/// Inputs per target without `FUZZ_INPUTS`: a few seconds in all.
const INPUTS: u64 = 20_000;

/// Feeds `target` with mutations of `seeds`; a panic names the input that caused it.
pub fn run(name: &str, seeds: &[Vec<u8>], mut target: impl FnMut(&[u8])) {
    let inputs = number("FUZZ_INPUTS").unwrap_or(INPUTS);
    let mut dice = Dice(number("FUZZ_SEED").unwrap_or(1) | 1);
    for round in 0..inputs {
        let input = dice.mutate(seeds);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target(&input)));
        assert!(result.is_ok(), "{name}, input {round}: {:?}", String::from_utf8_lossy(&input));
    }
    println!("{name}: {inputs} inputs");
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// xorshift64*
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % below.max(1)
    }

    fn mutate(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.roll(seeds.len())].clone();
        for _ in 0..=self.roll(6) {
            self.change(&mut bytes, seeds);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
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
                let other = &seeds[self.roll(seeds.len())];
                let cut = self.roll(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[cut..]);
            }
            7 => self.replace_number(bytes),
            _ => bytes.insert(at, self.roll(256) as u8),
        }
    }

    /// Some run of digits becomes another number, often one at a limit.
    fn replace_number(&mut self, bytes: &mut Vec<u8>) {
        let digits: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i].is_ascii_digit()).collect();
        if digits.is_empty() {
            return;
        }
        let at = digits[self.roll(digits.len())];
        let end = (at..bytes.len()).find(|&i| !bytes[i].is_ascii_digit()).unwrap_or(bytes.len());
        bytes.splice(at..end, NUMBERS[self.roll(NUMBERS.len())].bytes());
    }
}

const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "255",
    "65535",
    "65536",
    "2147483647",
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
