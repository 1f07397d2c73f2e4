//! URIs as SIP uses them, RFC 3261 19.1 and RFC 3966: taken apart, yet written back exactly as they came.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A URI of any scheme; `sip:` and `sips:` are taken apart, others keep their opaque part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    /// The whole, unchanged.
    text: String,
    scheme: String,
    user: Option<String>,
    host: String,
    port: Option<u16>,
    tail: String,
}

/// Why a URI was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// No `scheme:` in front.
    #[error("URI without a scheme; write sip:user@host")]
    Scheme,
    /// A blank, bracket or quote where none may be.
    #[error("URI holds a character that must be escaped as %XX")]
    Character,
    /// The host part is empty or no host.
    #[error("URI without a usable host; write sip:user@host")]
    Host,
    /// The port is no number from 0 to 65535.
    #[error("URI port is not a number up to 65535")]
    Port,
}

impl Uri {
    /// Scheme in lower case: "sip", "sips", "tel", ...
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// True for `sip:` and `sips:`.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme.as_str(), "sip" | "sips")
    }

    /// User part as written (escapes kept, password and user parameters included).
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// User part with %XX decoded, without password and user parameters; bytes that are no UTF-8 read as Latin-1.
    pub fn user_decoded(&self) -> Option<String> {
        let user = self.user.as_deref()?;
        Some(unescape(user.split([';', ':']).next().unwrap_or_default()))
    }

    /// Host as written, IPv6 in brackets; empty for other schemes.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port, when written.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The subscriber number of a `tel:` URI, without parameters.
    pub fn tel_number(&self) -> Option<&str> {
        (self.scheme == "tel").then(|| self.tail.split(';').next().unwrap_or_default())
    }

    /// Value of a URI parameter, `Some("")` when it has none. Names compare without case.
    pub fn param(&self, name: &str) -> Option<&str> {
        let params = self.tail.split('?').next().unwrap_or_default();
        params.split(';').skip(1).find_map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// True when the URI carries `?header=value` parts.
    pub fn has_headers(&self) -> bool {
        self.is_sip() && self.tail.contains('?')
    }

    /// The address when the host is an IP literal; the port defaults to 5060.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let ip: IpAddr = host.parse().ok()?;
        Some(SocketAddr::new(ip, self.port.unwrap_or(PORT_DEFAULT)))
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        let first_is_letter = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        if !first_is_letter || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
            return Err(UriError::Scheme);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"".contains(c)) {
            return Err(UriError::Character);
        }
        let scheme = scheme.to_ascii_lowercase();
        let mut uri =
            Self { text: text.into(), scheme, user: None, host: String::new(), port: None, tail: String::new() };
        if uri.is_sip() {
            uri.split_sip(rest)?
        } else {
            uri.tail = rest.into()
        }
        Ok(uri)
    }
}

impl Uri {
    fn split_sip(&mut self, rest: &str) -> Result<(), UriError> {
        // The last '@': userinfo may not hold a bare one, but some phones write user@domain@host.
        let rest = match rest.rsplit_once('@') {
            Some((user, rest)) => {
                self.user = Some(user.into());
                rest
            }
            None => rest,
        };
        let (host, rest) = split_host(rest).ok_or(UriError::Host)?;
        self.host = host.into();
        self.tail = rest.into();
        if let Some(port_on) = rest.strip_prefix(':') {
            let end = port_on.find([';', '?']).unwrap_or(port_on.len());
            self.port = Some(decimal(&port_on[..end]).ok_or(UriError::Port)?);
            self.tail = port_on[end..].into();
        }
        let tail_is_clean = self.tail.is_empty() || self.tail.starts_with([';', '?']);
        if tail_is_clean { Ok(()) } else { Err(UriError::Host) }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Splits a host (name, IPv4 or bracketed IPv6) off the front of `text`.
pub(super) fn split_host(text: &str) -> Option<(&str, &str)> {
    let end = if text.starts_with('[') {
        let end = text.find(']')? + 1;
        // Loose on purpose: RFC 5118 4.10 asks to take the three colons of an old grammar's addresses.
        let inside = &text[1..end - 1];
        let is_ipv6 = inside.contains(':') && inside.chars().all(|c| c.is_ascii_hexdigit() || ":.".contains(c));
        is_ipv6.then_some(end)?
    } else {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c))).unwrap_or(text.len());
        if end == 0 {
            return None;
        }
        end
    };
    Some(text.split_at(end))
}

/// A plain decimal number: digits only, as `str::parse` would also take a sign.
pub(super) fn decimal<T: FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Decodes %XX; broken escapes stay as they are.
pub(super) fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        let code =
            hex.filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit())).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                out.push(code);
                rest = &after[2..];
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    super::message::text(&out).into_owned()
}

/// Default SIP port for UDP and TCP, RFC 3261 19.1.2.
pub(super) const PORT_DEFAULT: u16 = 5060;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_with_odd_characters_come_back_unchanged() {
        for text in [
            "sip:user;par=u%40example.net@example.com",
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
            "sip:+1-800-555%20@[2001:db8::1]:5070;transport=udp?x=y",
            "tel:+1-201-555-0123;phone-context=x",
            "nobodyKnowsThisScheme:totallyopaquecontent",
        ] {
            assert_eq!(text.parse::<Uri>().map(|u| u.to_string()), Ok(text.to_string()));
        }
    }

    #[test]
    fn parts_are_found() {
        let uri: Uri = "sip:+1%20a:pw@[::1]:99;lr;x=2?h=v".parse().expect("well-formed");
        assert_eq!(uri.user_decoded().as_deref(), Some("+1 a"));
        assert_eq!((uri.param("LR"), uri.param("x"), uri.has_headers()), (Some(""), Some("2"), true));
        assert_eq!(uri.socket_addr(), "[::1]:99".parse().ok());
    }

    #[test]
    fn broken_ones_are_refused() {
        for text in
            ["", "sip", "<sip:a@b>", "sip:", "sip:a@", "sip:a@b:70000", "sip:a@b:", "sip:a@[::1", "sip:a b@c", ":a"]
        {
            assert!(text.parse::<Uri>().is_err(), "{text}");
        }
    }
}
