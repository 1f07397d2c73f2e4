//! Whether somebody is there: OPTIONS outside of any call (RFC 3261 11).

use std::net::SocketAddr;
use std::time::Instant;

use super::endpoint::Endpoint;
use super::event::Event;
use super::message::{Headers, Method, Request};
use super::uri::Uri;

/// Handle of a question, never used twice by one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProbeId(pub(super) u64);

impl Endpoint {
    /// Asks whether somebody is there; ends in one [`Event::Probed`].
    pub fn probe(&mut self, target: &Uri, to: SocketAddr, from: &Uri, contact: SocketAddr, now: Instant) -> ProbeId {
        let probe = self.new_id();
        let (branch, tag) = (self.new_branch(), self.random.token());
        let mut headers = Headers::default();
        headers.push("Via", format!("SIP/2.0/{} {contact};branch={branch};rport", self.settings.transport.via()));
        headers.push("Max-Forwards", "70");
        headers.push("From", format!("<{from}>;tag={tag}"));
        headers.push("To", format!("<{target}>"));
        headers.push("Call-ID", format!("{}{}", self.random.token(), self.random.token()));
        headers.push("CSeq", "1 OPTIONS");
        headers.push("Contact", super::dialog::contact(contact, self.settings.transport));
        headers.push("Accept", super::screen::SDP_TYPE);
        headers.push("User-Agent", &self.settings.user_agent);
        let uri = target.to_string();
        let request = Request { method: Method::Options, uri, version: "SIP/2.0".into(), headers, body: Vec::new() };
        let tx = self.open_client(request, to, None, now);
        if let Some(tx) = self.clients.get_mut(&tx) {
            tx.probe = Some(probe);
        }
        ProbeId(probe)
    }

    /// What came of it; no status: nobody answered.
    pub(super) fn probed(&mut self, probe: Option<u64>, status: Option<u16>) {
        self.events.extend(probe.map(|probe| Event::Probed { probe: ProbeId(probe), status }));
    }
}
