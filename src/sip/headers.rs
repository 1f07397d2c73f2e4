//! Typed headers, read on demand: name-addr, Via, CSeq (RFC 3261 20 and 25).

use super::message::Method;
use super::uri::{PORT_DEFAULT, Uri, decimal, split_host};

/// From, To, Contact, Route, P-Asserted-Identity: `"Name" <uri>;param=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// Display name, unquoted; none when absent or empty.
    pub display: Option<String>,
    /// The address.
    pub uri: Uri,
    params: Vec<(String, String)>,
}

impl NameAddr {
    /// Reads one element. `None` when it is no name-addr or addr-spec.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (display, rest) = if text.starts_with('"') { quoted(text)? } else { (String::new(), text) };
        let rest = rest.trim_start();
        let (display, uri, params) = match rest.split_once('<') {
            Some((name, rest)) => {
                let (uri, params) = rest.split_once('>')?;
                let name = name.trim();
                // Text between a quoted name and its '<' is no name-addr.
                let display = if text.starts_with('"') { name.is_empty().then_some(display)? } else { name.into() };
                (display, uri, params.trim_start())
            }
            None if text.starts_with('"') => return None,
            None => {
                // Without brackets everything after ';' belongs to the header, and '?' or ',' may not be there.
                let end = rest.find(';').unwrap_or(rest.len());
                let uri = rest[..end].trim_end();
                if uri.contains(['?', ',']) {
                    return None;
                }
                (String::new(), uri, &rest[end..])
            }
        };
        if !params.is_empty() && !params.starts_with(';') {
            return None;
        }
        let display = Some(display).filter(|d| !d.is_empty());
        Some(Self { display, uri: uri.parse().ok()?, params: parse_params(params)? })
    }

    /// Value of a header parameter; `Some("")` when it has none.
    pub fn param(&self, name: &str) -> Option<&str> {
        find_param(&self.params, name)
    }

    /// The tag, when there.
    pub fn tag(&self) -> Option<&str> {
        self.param("tag").filter(|tag| !tag.is_empty())
    }
}

/// One Via hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// "UDP", as written.
    pub transport: String,
    /// Sent-by host, IPv6 in brackets.
    pub host: String,
    /// Sent-by port, when written.
    pub port: Option<u16>,
    params: Vec<(String, String)>,
}

impl Via {
    /// Reads one hop. `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut slashes = text.splitn(3, '/');
        let (name, version, rest) = (slashes.next()?.trim(), slashes.next()?.trim(), slashes.next()?.trim_start());
        if !name.eq_ignore_ascii_case("SIP") || version.is_empty() {
            return None;
        }
        let (transport, rest) = rest.split_once(|c: char| c.is_ascii_whitespace())?;
        let (host, rest) = split_host(rest.trim_start())?;
        let rest = rest.trim_start();
        let (port, rest) = match rest.strip_prefix(':') {
            Some(rest) => {
                let rest = rest.trim_start();
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                (Some(decimal(&rest[..end])?), rest[end..].trim_start())
            }
            None => (None, rest),
        };
        if transport.is_empty() || !(rest.is_empty() || rest.starts_with(';')) {
            return None;
        }
        Some(Self { transport: transport.into(), host: host.into(), port, params: parse_params(rest)? })
    }

    /// Value of a parameter; `Some("")` when it has none.
    pub fn param(&self, name: &str) -> Option<&str> {
        find_param(&self.params, name)
    }

    /// The branch, when there.
    pub fn branch(&self) -> Option<&str> {
        self.param("branch").filter(|b| !b.is_empty())
    }

    /// Port that counts: written or 5060.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(PORT_DEFAULT)
    }
}

/// CSeq.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2^31.
    pub number: u32,
    /// Method.
    pub method: Method,
}

impl CSeq {
    /// Reads the value. `None` when it is no CSeq.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, method) = text.trim().split_once(|c: char| c.is_ascii_whitespace())?;
        let number: u32 = decimal(number).filter(|n| *n < CSEQ_LIMIT)?;
        let method = method.trim();
        is_token(method).then(|| Self { number, method: Method::from_name(method) })
    }
}

/// RFC 3261 8.1.1.5: sequence numbers are below 2^31.
const CSEQ_LIMIT: u32 = 1 << 31;

/// Splits at `separator` outside quotes and angle brackets; elements are trimmed, empty ones kept.
pub(super) fn split_outside(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => angle = true,
            '>' if !quoted => angle = false,
            _ if c == separator && !quoted && !angle => {
                parts.push(part.trim().to_string());
                part.clear();
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part.trim().to_string());
    parts
}

/// RFC 3261 token.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c))
}

/// Writes a display name safely: quoted, with `"` and `\` escaped.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// Reads a quoted string at the front: its meaning and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => {
                out.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((out, &text[at + 1..])),
            _ => out.push(c),
        }
    }
    None
}

/// `;a=b;c` with blanks anywhere; empty ones are skipped. `None` on unbalanced quotes.
fn parse_params(text: &str) -> Option<Vec<(String, String)>> {
    let mut params = Vec::new();
    for part in split_outside(text, ';').iter().filter(|p| !p.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        let value = if value.starts_with('"') { quoted(value)?.0 } else { value.to_string() };
        params.push((name.trim().to_ascii_lowercase(), value));
    }
    Some(params)
}

fn find_param<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_quotes_may_hold_anything() {
        let addr = NameAddr::parse(r#" "J \"R\" <x>, \\" <sip:a@b;x>; tag = 7 ;z"#).expect("well-formed");
        assert_eq!(addr.display.as_deref(), Some(r#"J "R" <x>, \"#));
        assert_eq!((addr.tag(), addr.param("z")), (Some("7"), Some("")));
    }

    #[test]
    fn addr_spec_leaves_its_parameters_to_the_header() {
        let addr = NameAddr::parse("sip:a@b;tag=1").expect("well-formed");
        assert_eq!((addr.uri.to_string().as_str(), addr.tag()), ("sip:a@b", Some("1")));
        assert_eq!(NameAddr::parse("sip:a@b?Route=x"), None);
        assert_eq!(NameAddr::parse("\"Mr. J. User <sip:a@b>"), None);
        assert_eq!(NameAddr::parse("\"\" <>"), None);
    }

    #[test]
    fn vias_with_blanks_and_ipv6() {
        let via = Via::parse("SIP  /   2.0 /UDP    [::1] : 5070 ; branch = z9hG4bKx ;rport").expect("well-formed");
        assert_eq!((via.host.as_str(), via.port, via.branch()), ("[::1]", Some(5070), Some("z9hG4bKx")));
        assert_eq!(via.param("rport"), Some(""));
        assert_eq!(Via::parse(";"), None);
    }

    #[test]
    fn sequence_numbers_are_bounded() {
        assert_eq!(CSeq::parse("0009\t INVITE").map(|c| c.number), Some(9));
        for bad in ["36893488147419103232 REGISTER", "2147483648 INVITE", "1", "-1 INVITE", "x INVITE", "1 a b"] {
            assert_eq!(CSeq::parse(bad), None, "{bad}");
        }
    }
}
