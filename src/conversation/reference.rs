//! A short number for an appointment, to be said on the phone and found again at the desk.

/// Six digits, always the same for the same appointment. Two appointments may share one: it is asked for together with
/// a name, and is no secret.
pub fn reference(appointment_id: &str) -> String {
    // FNV-1a: short, and the same on every machine.
    let mixed = appointment_id.bytes().fold(FNV_START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
    format!("{:06}", mixed % 1_000_000)
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_six_digits_and_stays() {
        assert_eq!(reference("a1"), reference("a1"));
        assert_ne!(reference("a1"), reference("a2"));
        assert!((0..1_000).all(|n| reference(&n.to_string()).len() == 6));
    }
}
