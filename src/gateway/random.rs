//! The operating system's randomness.

/// Unpredictable bits.
pub(super) fn random<T: FromBytes>() -> T {
    let mut bytes = [0; 32];
    // Without randomness SIP tags and RTP numbers could be guessed: better no call than a call open to anybody.
    getrandom::fill(&mut bytes).unwrap_or_else(|error| panic!("the system gives no random numbers: {error}"));
    T::from_bytes(bytes)
}

/// What can be made of random bytes.
pub(super) trait FromBytes {
    /// From 32 of them.
    fn from_bytes(bytes: [u8; 32]) -> Self;
}

impl FromBytes for [u8; 32] {
    fn from_bytes(bytes: [u8; 32]) -> Self {
        bytes
    }
}

impl FromBytes for u128 {
    fn from_bytes(bytes: [u8; 32]) -> Self {
        bytes.iter().take(16).fold(0, |bits, &byte| bits << 8 | Self::from(byte))
    }
}

impl FromBytes for u64 {
    fn from_bytes(bytes: [u8; 32]) -> Self {
        bytes.iter().take(8).fold(0, |bits, &byte| bits << 8 | Self::from(byte))
    }
}
