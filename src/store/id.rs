//! New ids.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use jiff::Timestamp;

/// A new id: UUID v7-shaped lowercase hex with dashes, the time first, so that what is made at the same time stands
/// together on the disk.
///
/// The randomness is the operating system's, as the standard library draws it for its hash maps; ids are unique, not
/// secret.
pub fn fresh_id() -> String {
    let ms = Timestamp::now().as_millisecond().unsigned_abs();
    let high = ms << 16 | RandomState::new().hash_one(0u8) & 0x0fff | 0x7000;
    let low = RandomState::new().hash_one(1u8) & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::fresh_id;

    #[test]
    fn ids_have_the_shape_and_do_not_repeat() {
        let ids: std::collections::HashSet<String> = (0..10_000).map(|_| fresh_id()).collect();
        assert_eq!(ids.len(), 10_000);
        for id in &ids {
            assert_eq!(id.len(), 36);
            assert_eq!(id.as_bytes()[14], b'7');
            assert!(matches!(id.as_bytes()[19], b'8'..=b'b'));
        }
    }
}
