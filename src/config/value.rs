//! Small values written as text: times of day, spans, port ranges, networks. Each says how it is written when it is not.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::settings::{Cidr, Listen};
use crate::conversation::Span;
use crate::sip::Transport;
use crate::sip::sdp::{Encoding, Security};

/// "9:00-17:00"
pub(super) fn span(text: &str) -> Result<Span, String> {
    let wrong = || format!("`{text}` is not a span of opening hours; write it like \"9:00-17:00\"");
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let (from, to) = (time(from).ok_or_else(wrong)?, time(to).ok_or_else(wrong)?);
    if from >= to {
        return Err(format!(
            "`{text}` ends before it begins; the first time must be the earlier one, 23:59 is the latest"
        ));
    }
    Ok(Span { from, to })
}

/// "9", "9:00" or "09:00", 24-hour clock.
fn time(text: &str) -> Option<Time> {
    let text = text.trim();
    let (hour, minute) = text.split_once(':').unwrap_or((text, "0"));
    let digits = |part: &str| matches!(part.len(), 1..=2) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// 2026-12-25, bare or quoted.
pub(super) fn date(value: &toml::Value) -> Result<Date, String> {
    let text = bare(value);
    text.parse().map_err(|_| format!("`{text}` is not a date; write it like 2026-12-25"))
}

/// 2026-11-23T09:00:00-05:00, bare or quoted.
pub(super) fn instant(value: &toml::Value) -> Result<Timestamp, String> {
    let text = bare(value);
    text.parse().map_err(|_| format!("`{text}` is not an instant; write it with its offset, 2026-11-23T09:00:00-05:00"))
}

/// The text of a string, or of any other value as TOML writes it.
fn bare(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// "192.0.2.53", "[2001:db8::53]:5353".
pub(super) fn name_server(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse().or_else(|_| text.parse().map(|ip: IpAddr| SocketAddr::new(ip, DNS_PORT)));
    address.map_err(|_| format!("`{text}` is no name server; write its address, like \"192.0.2.53\""))
}

/// RFC 1035.
const DNS_PORT: u16 = 53;

/// "20000-29999": wide enough for one call.
pub(super) fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let parsed = text.split_once('-').and_then(|(from, to)| {
        let (from, to) = (from.trim().parse::<u16>().ok()?, to.trim().parse::<u16>().ok()?);
        (from >= PORT_MIN && from < to).then_some(from..=to)
    });
    parsed.ok_or_else(|| {
        format!("`{text}` is not a range of ports; write it like \"20000-29999\", from {PORT_MIN} to 65535")
    })
}

/// "udp:0.0.0.0:5060", "tls:[::]:5061"
pub(super) fn listen(text: &str) -> Result<Listen, String> {
    let example = "write it like \"udp:0.0.0.0:5060\", \"tcp:[::]:5060\" or \"tls:0.0.0.0:5061\"";
    let (name, rest) = text.split_once(':').unwrap_or(("", text));
    let transport =
        transport(name).map_err(|_| format!("`{text}` names no transport offhook has (udp, tcp, tls); {example}"))?;
    let addr = rest.parse().map_err(|_| format!("`{rest}` is not an IP address and port; {example}"))?;
    Ok(Listen { transport, addr })
}

/// "udp", "tcp", "tls"
pub(super) fn transport(text: &str) -> Result<Transport, String> {
    let known = Transport::ALL.into_iter().find(|transport| transport.to_string() == text);
    known.ok_or_else(|| format!("`{text}` is no transport; write \"udp\", \"tcp\" or \"tls\""))
}

/// "127.0.0.1:8080"
pub(super) fn socket(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("`{text}` is not an IP address and port; write it like \"127.0.0.1:8080\""))
}

/// "G722"
pub(super) fn codec(text: &str) -> Result<Encoding, String> {
    let known = || Encoding::ALL.map(Encoding::name).join(", ");
    Encoding::from_name(text).ok_or_else(|| format!("no codec `{text}`; offhook speaks {}", known()))
}

/// "required"
pub(super) fn srtp(text: &str) -> Result<Security, String> {
    Security::from_name(text)
        .ok_or_else(|| format!("`{text}` is no choice for srtp; there are off, optional and required"))
}

/// "203.0.113.7"
pub(super) fn ip(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| format!("`{text}` is not an IP address; write it like \"203.0.113.7\""))
}

/// "10.0.0.0/8", or a single address.
pub(super) fn cidr(text: &str) -> Result<Cidr, String> {
    let wrong = || format!("`{text}` is not a network; write it like \"203.0.113.0/24\" or \"203.0.113.7\"");
    let (addr, prefix) = match text.split_once('/') {
        Some((addr, prefix)) => (addr, Some(prefix)),
        None => (text, None),
    };
    let addr: IpAddr = addr.parse().map_err(|_| wrong())?;
    let whole = if addr.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Ok(whole), |text| text.parse::<u8>().map_err(|_| wrong()))?;
    if prefix > whole {
        return Err(wrong());
    }
    Ok(Cidr { addr, prefix })
}

/// Lowest port offered for media: those below need root.
const PORT_MIN: u16 = 1024;
