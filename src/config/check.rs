//! From the document to the configuration: every value looked at, every complaint with its line.

use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;

use super::error::{ConfigError, Source};
use super::raw::{self, Given};
use super::secret::Secret;
use super::settings::{
    CalendarConfig, Config, HttpConfig, Listen, LogConfig, LogFormat, MediaConfig, SipConfig, SpeechConfig,
    SpeechModel, StoreConfig, TestingConfig, TlsConfig, VoiceConfig,
};
use super::{
    business, calendar, confirmations, crm, crm_policy, model, notices, numbers, people, sources, trunks, value,
    webhooks,
};
use crate::sip::Transport;
use crate::sip::sdp::Encoding;

/// Checks everything but the secrets that live elsewhere.
pub(super) fn config(source: &Source<'_>, document: raw::Document) -> Result<Config, ConfigError> {
    let (businesses, routes) = business::all(source, &document)?;
    let calendar = calendar::calendar(source, &document.calendar, &businesses)?;
    if let (false, Some(at)) = (calendar == CalendarConfig::Builtin, built_in_only(&document)) {
        return Err(source.at(at, "staff, resources and max_per_day need the built-in calendar; leave them out"));
    }
    let sip = sip(source, &document.sip)?;
    let trunks = trunks::trunks(source, &document.trunks, &sip)?;
    let numbers = numbers::numbers(source, &document.numbers, &businesses, &routes)?;
    people::check(source, &document, &trunks)?;
    let sources = sources::sources(source, &document.sources, &businesses)?;
    let confirmations = confirmations::confirmations(source, &document.confirmations)?;
    Ok(Config {
        origin: source.file.to_string(),
        businesses,
        routes,
        numbers,
        media: media(source, &document.media, &sip)?,
        sip,
        trunks,
        speech: speech(source, &document.speech)?,
        voice: voice(source, &document.voice)?,
        model: model::model(source, &document.model)?,
        calendar,
        crm_policy: crm_policy::crm_policy(source, &document.crm_policy)?,
        notices: notices::notices(source, &document.notices, confirmations.mail.as_ref())?,
        confirmations,
        webhooks: webhooks::webhooks(source, &document.webhooks)?,
        sources,
        crm: crm::crm(source, &document.crm)?,
        store: store(source, &document.store)?,
        http: http(source, &document.http)?,
        log: log(source, &document.log)?,
        testing: TestingConfig { now: read(source, &document.testing.now, value::instant)? },
    })
}

/// What only the built-in calendar can keep.
fn built_in_only(document: &raw::Document) -> Option<Range<usize>> {
    let inner = document.businesses.values();
    let staff = document.staff.iter().chain(inner.clone().flat_map(|b| &b.staff)).map(|one| one.name.span());
    let things = document.resources.iter().chain(inner.clone().flat_map(|b| &b.resources)).map(|one| one.name.span());
    let services = document.services.iter().chain(inner.flat_map(|b| &b.services));
    let caps = services.filter_map(|service| service.max_per_day.as_ref().map(Spanned::span));
    staff.chain(things).chain(caps).next()
}

fn sip(source: &Source<'_>, raw: &raw::Sip) -> Result<SipConfig, ConfigError> {
    let listen = match &raw.listen {
        None => vec![value::listen(SIP_LISTEN).map_err(|message| source.at(0..0, message))?],
        Some(list) if list.get_ref().is_empty() => {
            return Err(source.at(list.span(), "nothing to listen on; name a socket, like [\"udp:0.0.0.0:5060\"]"));
        }
        Some(list) => each(source, list.get_ref(), value::listen)?,
    };
    let speaks_tls = |one: &Listen| one.transport == Transport::Tls;
    if let (Some(list), None, true) = (&raw.listen, &raw.tls, listen.iter().any(speaks_tls)) {
        let message = "TLS needs a certificate; add [sip.tls] with certificate = \"cert.pem\" and key = \"key.pem\"";
        return Err(source.at(list.span(), message));
    }
    let allow = match &raw.allow {
        None => SIP_ALLOW.iter().filter_map(|text| value::cidr(text).ok()).collect(),
        Some(list) => each(source, list, value::cidr)?,
    };
    let max_calls: u32 = number(source, "max_calls", &raw.max_calls, MAX_CALLS, 1..=10_000)?;
    let fast = CALLS_PER_SECOND.max(max_calls);
    let calls_per_second: u32 = number(source, "calls_per_second", &raw.calls_per_second, fast, 1..=100_000)?;
    let half = (calls_per_second / 2).max(1);
    let expires: u32 = number(source, "session_expires_s", &raw.session_expires_s, SESSION_EXPIRES_S, 4..=86_400)?;
    let least: u32 = number(source, "min_se_s", &raw.min_se_s, MIN_SE_S.min(expires), 4..=86_400)?;
    if least > expires {
        let span = raw.min_se_s.as_ref().map_or(0..0, Spanned::span);
        return Err(source.at(span, format!("min_se_s is {least}, but session_expires_s only {expires}; lower it")));
    }
    let (session_expires, min_se) = (Duration::from_secs(expires.into()), Duration::from_secs(least.into()));
    Ok(SipConfig {
        listen,
        tls: raw.tls.as_ref().map(|tls| TlsConfig {
            certificate: tls.certificate.get_ref().into(),
            key: tls.key.get_ref().into(),
            roots: tls.roots.as_ref().map(|path| path.get_ref().into()),
        }),
        allow,
        drain: Duration::from_secs(number(source, "drain_seconds", &raw.drain_seconds, DRAIN_SECONDS, 0..=3600)?),
        advertised: read(source, &raw.advertised, |text| value::ip(text))?,
        echo: raw.echo.as_ref().map(|user| user.get_ref().clone()),
        max_calls: max_calls as usize,
        source_max_calls: match &raw.source_max_calls {
            None => usize::MAX,
            given => number(source, "source_max_calls", given, max_calls, 1..=10_000)?,
        },
        calls_per_second,
        source_calls_per_second: number(
            source,
            "source_calls_per_second",
            &raw.source_calls_per_second,
            half,
            1..=100_000,
        )?,
        slots: numbers::slots(source, &raw.slots)?,
        stun: read(source, &raw.stun, |text| trunks::host_and_port(text))?
            .map(|(host, port)| (host, port.unwrap_or(STUN_PORT))),
        name_servers: each(source, &raw.name_servers, value::name_server)?,
        max_call: Duration::from_secs(
            60 * number::<u64>(source, "max_call_minutes", &raw.max_call_minutes, MAX_CALL_MINUTES, 1..=1_440)?,
        ),
        session_expires,
        min_se,
    })
}

fn media(source: &Source<'_>, raw: &raw::Media, sip: &SipConfig) -> Result<MediaConfig, ConfigError> {
    let rtp_ports = read(source, &raw.rtp_ports, |text| value::ports(text))?.unwrap_or(RTP_PORTS);
    let room = rtp_ports.len() / PORTS_PER_CALL;
    if room < sip.max_calls {
        let span = raw.rtp_ports.as_ref().map_or(0..0, Spanned::span);
        return Err(source.at(
            span,
            format!(
                "room for {room} calls, but [sip] max_calls is {}; widen rtp_ports (two per call) or lower max_calls",
                sip.max_calls
            ),
        ));
    }
    let codecs = match &raw.codecs {
        None => Encoding::ALL.to_vec(),
        Some(list) if list.get_ref().is_empty() => {
            return Err(
                source.at(list.span(), "no codec is left to speak; name one, like [\"PCMU\"], or remove the line")
            );
        }
        Some(list) => each(source, list.get_ref(), value::codec)?,
    };
    let key_tones = read(source, &raw.key_tones, |text| match text.as_str() {
        "auto" => Ok(None),
        "always" => Ok(Some(true)),
        "never" => Ok(Some(false)),
        other => Err(format!("`{other}` is no choice for key_tones; there are auto, always and never")),
    })?;
    let srtp = read(source, &raw.srtp, |text| value::srtp(text))?.unwrap_or_default();
    Ok(MediaConfig { rtp_ports, codecs, srtp, key_tones: key_tones.flatten() })
}

fn speech(source: &Source<'_>, raw: &raw::Speech) -> Result<SpeechConfig, ConfigError> {
    let model = read(source, &raw.model, |text| match text.as_str() {
        "auto" => Ok(SpeechModel::Auto),
        "tiny.en" => Ok(SpeechModel::TinyEn),
        "base" => Ok(SpeechModel::Base),
        path if path.contains('/') || path.ends_with(".bin") => Ok(SpeechModel::File(path.into())),
        other => Err(format!("no model `{other}`; known are auto, tiny.en and base, or the path of a ggml .bin file")),
    })?;
    let threads = match &raw.threads {
        Some(_) => Some(number(source, "threads", &raw.threads, 1, 1..=256)?),
        None => None,
    };
    Ok(SpeechConfig { model: model.unwrap_or(SpeechModel::Auto), threads })
}

fn voice(source: &Source<'_>, raw: &raw::Voice) -> Result<VoiceConfig, ConfigError> {
    let model = read(source, &raw.model, |text| match text.ends_with(".onnx") {
        true => Ok(PathBuf::from(text)),
        false => Err(format!("`{text}` is not a Piper voice; name its .onnx file, with the .onnx.json beside it")),
    })?;
    let espeak = text(source, "espeak", &raw.espeak)?.unwrap_or_else(|| ESPEAK.into());
    Ok(VoiceConfig { model, espeak })
}

fn store(source: &Source<'_>, raw: &raw::Store) -> Result<StoreConfig, ConfigError> {
    let url = text(source, "url", &raw.url)?.unwrap_or_else(|| STORE_URL.into());
    let path = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    match path {
        Some(path) if !path.is_empty() && !path.contains(['?', '#']) => Ok(StoreConfig { path: path.into(), url }),
        _ => {
            let span = raw.url.as_ref().map_or(0..0, Spanned::span);
            Err(source.at(span, format!("`{url}` is not a database; write it like \"sqlite:data/offhook.db\"")))
        }
    }
}

fn http(source: &Source<'_>, raw: &raw::Http) -> Result<HttpConfig, ConfigError> {
    let listen = match read(source, &raw.listen, |text| value::socket(text))? {
        Some(addr) => addr,
        None => value::socket(HTTP_LISTEN).map_err(|message| source.at(0..0, message))?,
    };
    let api_token = match (&raw.api_token, &raw.api_token_file) {
        (Some(token), Some(_)) => {
            return Err(source.at(token.span(), "both api_token and api_token_file are set; keep one of them"));
        }
        (Some(token), None) => Some(checked_token(token.get_ref()).map_err(|what| source.at(token.span(), what))?),
        (None, Some(file)) => Some(token_file(source, file)?),
        (None, None) => None,
    };
    let public_url =
        read(source, &raw.public_url, |url| match url.starts_with("https://") || url.starts_with("http://") {
            true => Ok(url.clone()),
            false => Err("this is no web address; write it like \"https://desk.example.com\"".to_owned()),
        })?;
    Ok(HttpConfig {
        listen,
        api_token,
        proxies: each(source, &raw.proxies, value::cidr)?,
        public_url: public_url.unwrap_or_else(|| format!("http://{listen}")),
        share_days: number(source, "share_days", &raw.share_days, SHARE_DAYS, 1..=3650)?,
    })
}

fn token_file(source: &Source<'_>, file: &Spanned<String>) -> Result<Secret, ConfigError> {
    let path = PathBuf::from(file.get_ref());
    let token = std::fs::read_to_string(&path).map_err(|error| {
        source.at(file.span(), format!("api_token_file `{}` cannot be read: {error}", path.display()))
    })?;
    checked_token(token.trim()).map_err(|what| source.at(file.span(), what))
}

/// A token must survive an HTTP header: visible ASCII.
pub(super) fn checked_token(token: &str) -> Result<Secret, String> {
    match !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(Secret::new(token)),
        false => Err("the API token must be visible ASCII characters, at least one".into()),
    }
}

fn log(source: &Source<'_>, raw: &raw::Log) -> Result<LogConfig, ConfigError> {
    let level = read(source, &raw.level, |text| match tracing_subscriber::EnvFilter::builder().parse(text) {
        Ok(_) if !text.trim().is_empty() => Ok(text.clone()),
        _ => Err(format!("`{text}` is not a log level; write error, warn, info, debug, trace or directives")),
    })?;
    let format = read(source, &raw.format, |text| match text.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(format!("no log format `{other}`; known: text, json")),
    })?;
    Ok(LogConfig { level: level.unwrap_or_else(|| "info".into()), format: format.unwrap_or(LogFormat::Text) })
}

/// Reads an optional value, its complaint placed on its line.
pub(super) fn read<T, R>(
    source: &Source<'_>,
    given: &Given<T>,
    reader: impl Fn(&T) -> Result<R, String>,
) -> Result<Option<R>, ConfigError> {
    let Some(value) = given else { return Ok(None) };
    reader(value.get_ref()).map(Some).map_err(|message| source.at(value.span(), message))
}

/// Reads every value of a list.
pub(super) fn each<R>(
    source: &Source<'_>,
    list: &[Spanned<String>],
    reader: impl Fn(&str) -> Result<R, String>,
) -> Result<Vec<R>, ConfigError> {
    list.iter().map(|item| reader(item.get_ref()).map_err(|message| source.at(item.span(), message))).collect()
}

/// An optional text that must say something.
pub(super) fn text(source: &Source<'_>, key: &str, given: &Given<String>) -> Result<Option<String>, ConfigError> {
    read(source, given, |text| spoken(key, text))
}

/// Trimmed, not empty, no control characters, not longer than anybody would say.
pub(super) fn spoken(key: &str, text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{key} is empty; write something or leave the line out"));
    }
    if text.chars().count() > TEXT_CHARS_MAX || text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(format!("{key} must be plain text of at most {TEXT_CHARS_MAX} characters"));
    }
    Ok(text.to_string())
}

/// An optional whole number within a range.
pub(super) fn number<T: TryFrom<i64> + TryFrom<u32>>(
    source: &Source<'_>,
    key: &str,
    given: &Given<i64>,
    default: u32,
    range: RangeInclusive<i64>,
) -> Result<T, ConfigError> {
    let span = given.as_ref().map_or(0..0, Spanned::span);
    let value = given.as_ref().map_or(i64::from(default), |value| *value.get_ref());
    in_range(source, key, span, value, range)
}

/// A number within a range, as the type that holds it.
pub(super) fn in_range<T: TryFrom<i64>>(
    source: &Source<'_>,
    key: &str,
    span: Range<usize>,
    value: i64,
    range: RangeInclusive<i64>,
) -> Result<T, ConfigError> {
    let inside = range.contains(&value).then(|| T::try_from(value).ok()).flatten();
    inside.ok_or_else(|| {
        source.at(span, format!("{key} is {value}; it must be between {} and {}", range.start(), range.end()))
    })
}

/// RFC 8489.
const STUN_PORT: u16 = 3478;
const SIP_LISTEN: &str = "udp:0.0.0.0:5060";
/// Private and loopback networks: a stranger on the internet is no trunk.
const SIP_ALLOW: [&str; 5] = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128"];
/// Long enough to finish a booking, short enough for a service manager to wait.
const DRAIN_SECONDS: u32 = 30;
/// A call's minutes unless told otherwise.
const MAX_CALL_MINUTES: u32 = 120;
/// As RFC 4028 recommends, seconds.
const SESSION_EXPIRES_S: u32 = 1_800;
const MIN_SE_S: u32 = 90;
/// Calls at once unless told otherwise; what two cores were asked to carry.
const MAX_CALLS: u32 = 30;
/// New calls a second; where more may be at once, as many as those.
const CALLS_PER_SECOND: u32 = 200;
const RTP_PORTS: RangeInclusive<u16> = 20_000..=29_999;
/// RTP and RTCP (RFC 3550 section 11).
const PORTS_PER_CALL: usize = 2;
const ESPEAK: &str = "espeak-ng";
const STORE_URL: &str = "sqlite:data/offhook.db";
/// As long as events can be replayed.
const SHARE_DAYS: u32 = 30;
const HTTP_LISTEN: &str = "127.0.0.1:8080";
/// Longest name, address, question or answer: half a minute of speech.
const TEXT_CHARS_MAX: usize = 600;
