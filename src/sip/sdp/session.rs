//! A session description, read tolerantly and kept in order.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A description: what offhook needs of it; unknown lines are skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// `o=` as written (without `o=`).
    pub origin: String,
    /// Session-level `c=` host.
    pub connection: Option<String>,
    /// Session-level direction.
    pub direction: Option<Direction>,
    /// Session-level `a=` lines, value without `a=`.
    pub attributes: Vec<String>,
    /// `m=` sections in order.
    pub media: Vec<Media>,
}

/// One `m=` section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Media {
    /// "audio", "video", ...
    pub kind: String,
    /// Port; 0 is a rejected stream.
    pub port: u16,
    /// "RTP/AVP", ...
    pub protocol: String,
    /// Payload types or other formats, in order of preference.
    pub formats: Vec<String>,
    /// `c=` host of this section.
    pub connection: Option<String>,
    /// Direction of this section.
    pub direction: Option<Direction>,
    /// `a=ptime`, milliseconds.
    pub ptime: Option<u16>,
    /// All `a=` lines, value without `a=`.
    pub attributes: Vec<String>,
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    SendRecv,
    /// Only the describer.
    SendOnly,
    /// Only the other side.
    RecvOnly,
    /// Nobody.
    Inactive,
}

/// `a=rtpmap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtpMap {
    /// Encoding name as written.
    pub encoding: String,
    /// Clock in Hz.
    pub clock: u32,
}

/// Why a description was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Too long.
    #[error("session description over {SDP_BYTES_MAX} bytes or {SDP_LINES_MAX} lines")]
    TooLong,
    /// Not SDP: it must start with v=0.
    #[error("session description does not start with v=0")]
    Version,
    /// A line that is not `x=value`.
    #[error("line {0} of the session description is not of the form x=value")]
    Line(usize),
    /// An `m=` line without kind, port, protocol and format.
    #[error("line {0} of the session description is no m=KIND PORT PROTO FORMATS line")]
    Media(usize),
}

impl Session {
    /// Whether both say the same, under whatever version (RFC 3264 8).
    pub(in crate::sip) fn is_same_as(&self, other: &Self) -> bool {
        let unversioned = |session: &Self| Self { origin: String::new(), ..session.clone() };
        unversioned(self) == unversioned(other)
    }

    /// Host that counts for one section.
    pub fn connection_of<'a>(&'a self, media: &'a Media) -> Option<&'a str> {
        media.connection.as_deref().or(self.connection.as_deref())
    }

    /// Direction that counts for one section; both ways when nothing is said.
    pub fn direction_of(&self, media: &Media) -> Direction {
        media.direction.or(self.direction).unwrap_or(Direction::SendRecv)
    }
}

impl Media {
    /// The mapping of a payload type: as written, else the static one (RFC 3551: 0 PCMU, 8 PCMA, 9 G722).
    pub fn rtpmap(&self, format: &str) -> Option<RtpMap> {
        let written = self.attributes.iter().find_map(|line| {
            let (pt, map) = line.strip_prefix("rtpmap:")?.trim().split_once(' ')?;
            if pt != format {
                return None;
            }
            let mut parts = map.trim().split('/');
            let encoding = parts.next()?.to_string();
            Some(RtpMap { encoding, clock: parts.next()?.trim().parse().ok()? })
        });
        let fixed = match format {
            "0" => Some("PCMU"),
            "8" => Some("PCMA"),
            "9" => Some("G722"),
            _ => None,
        };
        written.or_else(|| fixed.map(|name| RtpMap { encoding: name.into(), clock: 8000 }))
    }

    /// Format parameters of a payload type.
    pub fn fmtp(&self, format: &str) -> Option<&str> {
        self.attributes.iter().find_map(|line| {
            let (pt, value) = line.strip_prefix("fmtp:")?.trim().split_once(' ')?;
            (pt == format).then_some(value.trim())
        })
    }
}

impl FromStr for Session {
    type Err = SdpError;

    fn from_str(text: &str) -> Result<Self, SdpError> {
        if text.len() > SDP_BYTES_MAX || text.lines().count() > SDP_LINES_MAX {
            return Err(SdpError::TooLong);
        }
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        if lines.next().is_none_or(|(_, line)| line.trim_end() != "v=0") {
            return Err(SdpError::Version);
        }
        let mut session = Self::default();
        for (number, line) in lines {
            let line = line.trim_end();
            let (kind, value) = line.split_once('=').filter(|(k, _)| k.len() == 1).ok_or(SdpError::Line(number + 1))?;
            session.take(kind, value.trim_start(), number + 1)?;
        }
        Ok(session)
    }
}

impl Session {
    /// From body bytes; bytes that are no UTF-8 read as Latin-1.
    ///
    /// # Errors
    /// [`SdpError`] when it is no session description.
    pub fn parse(bytes: &[u8]) -> Result<Self, SdpError> {
        crate::sip::message::text(bytes).parse()
    }

    fn take(&mut self, kind: &str, value: &str, number: usize) -> Result<(), SdpError> {
        match (kind, self.media.last_mut()) {
            ("o", None) => self.origin = value.into(),
            ("c", None) => self.connection = host_of(value),
            ("c", Some(media)) => media.connection = host_of(value),
            ("m", _) => self.media.push(media_of(value).ok_or(SdpError::Media(number))?),
            ("a", None) => {
                self.direction = direction_of(value).or(self.direction);
                self.attributes.push(value.into());
            }
            ("a", Some(media)) => {
                media.direction = direction_of(value).or(media.direction);
                // Some phones write 20.0: the whole milliseconds count.
                let ptime = value.strip_prefix("ptime:").and_then(|v| v.trim().split('.').next()?.parse().ok());
                media.ptime = ptime.or(media.ptime);
                media.attributes.push(value.into());
            }
            _ => {}
        }
        Ok(())
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v=0\r\no={}\r\ns=-\r\n", self.origin)?;
        write_connection(f, self.connection.as_deref())?;
        f.write_str("t=0 0\r\n")?;
        write_lines(f, &self.attributes)?;
        for media in &self.media {
            write!(f, "m={} {} {} {}\r\n", media.kind, media.port, media.protocol, media.formats.join(" "))?;
            write_connection(f, media.connection.as_deref())?;
            write_lines(f, &media.attributes)?;
        }
        Ok(())
    }
}

/// Bytes of a description; a WebRTC offer with video has about 8 KB.
pub const SDP_BYTES_MAX: usize = 32 * 1024;

/// Lines of a description.
pub const SDP_LINES_MAX: usize = 1_000;

fn write_connection(f: &mut fmt::Formatter<'_>, host: Option<&str>) -> fmt::Result {
    match host {
        Some(host) if host.contains(':') => write!(f, "c=IN IP6 {host}\r\n"),
        Some(host) => write!(f, "c=IN IP4 {host}\r\n"),
        None => Ok(()),
    }
}

fn write_lines(f: &mut fmt::Formatter<'_>, attributes: &[String]) -> fmt::Result {
    attributes.iter().try_for_each(|line| write!(f, "a={line}\r\n"))
}

/// `IN IP4 host[/ttl]`: the host.
fn host_of(value: &str) -> Option<String> {
    let host = value.split_ascii_whitespace().nth(2)?;
    Some(host.split('/').next().unwrap_or(host).to_string())
}

fn media_of(value: &str) -> Option<Media> {
    let mut words = value.split_ascii_whitespace();
    let kind = words.next()?.to_string();
    let port = words.next()?.split('/').next()?.parse().ok()?;
    let protocol = words.next()?.to_string();
    let formats: Vec<String> = words.map(str::to_string).collect();
    (!formats.is_empty()).then(|| Media { kind, port, protocol, formats, ..Media::default() })
}

fn direction_of(value: &str) -> Option<Direction> {
    match value.trim() {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    }
}

impl Direction {
    /// Name in SDP.
    pub fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The same seen from the other side.
    pub fn mirrored(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            same => same,
        }
    }
}

/// An address media can be sent to: neither unset (hold by c=0.0.0.0) nor to many.
pub(super) fn usable(host: &str) -> Result<Option<IpAddr>, ()> {
    let ip: IpAddr = host.parse().map_err(|_| ())?;
    let to_many = ip.is_multicast() || ip == IpAddr::V4(std::net::Ipv4Addr::BROADCAST);
    if to_many { Err(()) } else { Ok(Some(ip).filter(|ip| !ip.is_unspecified())) }
}
