//! Links that show one thing to whoever has them, for a while.

use std::fmt;

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};

/// Makes links and knows its own again.
#[derive(Clone)]
pub struct Share {
    key: hmac::Key,
    base: String,
    lasts: SignedDuration,
}

/// What a link shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// What was said in a call.
    Transcript,
    /// How it sounded.
    Recording,
}

impl Share {
    /// Links below `base` that open for so long; whoever knows `key` can make them.
    pub fn new(key: &str, base: &str, lasts: SignedDuration) -> Share {
        let base = base.trim_end_matches('/').to_owned();
        Share { key: hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), base, lasts }
    }

    /// A link that opens until then.
    pub fn link(&self, what: Shared, call_id: &str, now: Timestamp) -> (String, Timestamp) {
        let until = now.saturating_add(self.lasts).unwrap_or(Timestamp::MAX);
        let tag = hmac::sign(&self.key, signed(what, call_id, until.as_second()).as_bytes());
        let tag: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let (base, seconds) = (&self.base, until.as_second());
        (format!("{base}/share/{}/{call_id}?until={seconds}&sig={tag}", what.as_str()), until)
    }

    /// Whether a link of ours says so, and still opens.
    pub fn opens(&self, what: Shared, call_id: &str, until: i64, sig: &str, now: Timestamp) -> bool {
        let pairs = sig.as_bytes().chunks(2);
        let tag: Option<Vec<u8>> =
            pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
        let ours =
            tag.is_some_and(|tag| hmac::verify(&self.key, signed(what, call_id, until).as_bytes(), &tag).is_ok());
        ours && now.as_second() < until
    }
}

impl Shared {
    /// As links have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Shared::Transcript => "transcript",
            Shared::Recording => "recording",
        }
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").field("base", &self.base).field("lasts", &self.lasts).finish_non_exhaustive()
    }
}

fn signed(what: Shared, call_id: &str, until: i64) -> String {
    format!("share\n{}\n{call_id}\n{until}", what.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_one_thing_for_a_while() {
        let now = Timestamp::from_second(1_000).unwrap();
        let share = Share::new("a key of some length", "https://desk.example.com/", SignedDuration::from_secs(60));
        let (link, until) = share.link(Shared::Transcript, "c1", now);
        let (path, sig) = link.split_once("&sig=").unwrap();
        assert_eq!(path, "https://desk.example.com/share/transcript/c1?until=1060");
        let opens = |share: &Share, what, call, until, sig: &str, at| {
            share.opens(what, call, until, sig, Timestamp::from_second(at).unwrap())
        };
        assert_eq!(until.as_second(), 1060);
        assert!(opens(&share, Shared::Transcript, "c1", 1060, sig, 1059));
        assert!(!opens(&share, Shared::Transcript, "c1", 1060, sig, 1060), "it is over");
        assert!(!opens(&share, Shared::Transcript, "c1", 9999, sig, 1059), "nobody makes it longer");
        assert!(!opens(&share, Shared::Transcript, "c2", 1060, sig, 1059), "another call");
        assert!(!opens(&share, Shared::Recording, "c1", 1060, sig, 1059), "another thing");
        for bad in ["", "0", "zz", "é", &sig[2..]] {
            assert!(!opens(&share, Shared::Transcript, "c1", 1060, bad, 1059), "{bad}");
        }
        let other = Share::new("another key", "https://desk.example.com", SignedDuration::from_secs(60));
        assert!(!opens(&other, Shared::Transcript, "c1", 1060, sig, 1059));
    }
}
