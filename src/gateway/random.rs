//! The operating system's randomness.

/// Unpredictable bits.
pub(super) fn random<T: FromBits>() -> T {
    let mut bytes = [0; 16];
    // Without randomness SIP tags and RTP numbers could be guessed: better no call than a call open to anybody.
    getrandom::fill(&mut bytes).unwrap_or_else(|error| panic!("the system gives no random numbers: {error}"));
    T::from_bits(u128::from_ne_bytes(bytes))
}

/// What can be made of random bits.
pub(super) trait FromBits {
    /// From 128 of them.
    fn from_bits(bits: u128) -> Self;
}

impl FromBits for u128 {
    fn from_bits(bits: u128) -> Self {
        bits
    }
}

impl FromBits for u64 {
    fn from_bits(bits: u128) -> Self {
        (bits >> 64) as Self
    }
}
