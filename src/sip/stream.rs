//! Messages out of a stream: where one ends and the next begins (RFC 3261 18.3, 7.5; RFC 5626 3.5.1).

use super::parse::HEADER_BYTES_MAX;

/// Cuts a stream into messages.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Bytes before this hold no end of a message head: they are not looked at twice.
    looked: usize,
}

/// What a stream holds next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A message, whole.
    Message(Vec<u8>),
    /// The other side asks whether we are there: answered by one CRLF.
    Ping,
}

/// A stream that cannot be read any further; its connection is to be closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Torn {
    /// More than a message's head may have, and no end of it.
    #[error("no end of the message head within {HEAD_BYTES_MAX} bytes")]
    Endless,
    /// More body than any message of ours has use for.
    #[error("a body of more than {BODY_BYTES_MAX} bytes")]
    Body,
    /// Where the message ends cannot be known; its head may be answered.
    #[error("Content-Length is no number, or given twice")]
    Length(Vec<u8>),
}

impl Framer {
    /// Bytes came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message; none until more bytes came.
    ///
    /// # Errors
    /// [`Torn`] when the stream makes no sense any more.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Torn> {
        // Line breaks before a message are ignored (RFC 3261 7.5), up to where a ping begins: however the stream is cut,
        // the same are one.
        let is_break = |at: usize| matches!(self.buffer.get(at), Some(b'\r' | b'\n'));
        let mut breaks = 0;
        while is_break(breaks) && !begins_ping(&self.buffer[breaks..]) {
            breaks += 1;
        }
        self.take(breaks);
        if self.buffer.starts_with(PING) {
            self.take(PING.len());
            return Ok(Some(Frame::Ping));
        }
        // Half a ping may become one.
        if PING.starts_with(&self.buffer) {
            return Ok(None);
        }
        let Some(head) = self.head() else {
            self.looked = self.buffer.len().saturating_sub(HEAD_END.len() - 1);
            return if self.buffer.len() > HEAD_BYTES_MAX { Err(Torn::Endless) } else { Ok(None) };
        };
        if head > HEAD_BYTES_MAX {
            return Err(Torn::Endless);
        }
        let Ok(body) = content_length(&self.buffer[..head]) else {
            return Err(Torn::Length(self.take(head)));
        };
        match head + body {
            _ if body > BODY_BYTES_MAX => Err(Torn::Body),
            whole if whole > self.buffer.len() => Ok(None),
            whole => Ok(Some(Frame::Message(self.take(whole)))),
        }
    }

    /// Whether a message has begun and not ended.
    pub fn is_midway(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Where the head ends, its empty line included.
    fn head(&self) -> Option<usize> {
        let from = self.looked.min(self.buffer.len());
        self.buffer[from..].windows(HEAD_END.len()).position(|w| w == HEAD_END).map(|at| from + at + HEAD_END.len())
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.looked = 0;
        let rest = self.buffer.split_off(count);
        std::mem::replace(&mut self.buffer, rest)
    }
}

fn begins_ping(bytes: &[u8]) -> bool {
    bytes.starts_with(PING) || PING.starts_with(bytes)
}

/// Length of the body the head announces; none announced is none (RFC 3261 18.3 wants one on streams, not all do it).
fn content_length(head: &[u8]) -> Result<usize, ()> {
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    let mut lengths = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = line[..colon].trim_ascii();
        let named = name.eq_ignore_ascii_case(b"Content-Length") || name.eq_ignore_ascii_case(b"l");
        named.then(|| line[colon + 1..].trim_ascii())
    });
    let Some(first) = lengths.next() else { return Ok(0) };
    if lengths.any(|other| other != first) || first.is_empty() || !first.iter().all(u8::is_ascii_digit) {
        return Err(());
    }
    // More digits than any body has: too long, and told so.
    Ok(std::str::from_utf8(first).ok().and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX / 2))
}

/// "Are you there?" (RFC 5626 3.5.1).
const PING: &[u8] = b"\r\n\r\n";
/// Ends a head.
const HEAD_END: &[u8] = b"\r\n\r\n";
/// Head of a message, bytes: its fields and a start line.
const HEAD_BYTES_MAX: usize = HEADER_BYTES_MAX + 8 * 1024;
/// Body of a message, bytes: session descriptions have a tenth of it.
const BODY_BYTES_MAX: usize = 64 * 1024;
