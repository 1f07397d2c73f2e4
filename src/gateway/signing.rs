//! The line and its trunks: signing in where they are, and whose call a call is.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::directory::{self, Found};
use super::line::Line;
use super::trunks::{Ask, Signed, Trunk, TrunkState};
use crate::conversation::Kind;
use crate::sip::{DialogId, Endpoint, Incoming, Network, RegistrationId, sdp};

impl Line {
    pub(super) async fn asked(&mut self, ask: Ask) {
        match ask {
            Ask::At(trunk, places) => self.sign_in(trunk, places).await,
            Ask::Gone(trunk) => {
                let Some(signed) = self.trunks.get_mut(trunk) else { return };
                (signed.places, signed.at) = (Vec::new(), None);
                if let Some(registration) = signed.registration.take() {
                    self.endpoint.unregister(registration, Instant::now());
                }
            }
            Ask::Leave(done) => self.leave(done),
        }
    }

    /// A trunk is there: sign in, or go on there.
    async fn sign_in(&mut self, trunk: usize, places: Vec<SocketAddr>) {
        let Some(signed) = self.trunks.get_mut(trunk) else { return };
        let kept = signed.at.filter(|at| places.contains(at));
        let Some(at) = kept.or(places.first().copied()) else { return };
        let mut hosts = signed.trunk.peers.clone();
        for place in &places {
            // Its calls come from any of them.
            self.endpoint.trust(place.ip());
            if let Ok(network) = place.ip().to_canonical().to_string().parse() {
                guard(&mut self.endpoint, &signed.trunk, network);
                hosts.push(network);
            }
            self.wire.expect(*place, signed.trunk.host.as_deref().unwrap_or_default());
        }
        self.endpoint.carrier(&signed.trunk.name, hosts);
        (signed.places, signed.at, signed.failed) = (places, Some(at), 0);
        if let (Some(every), None) = (signed.trunk.health, signed.probe_at) {
            // Of one we sign in at we know soon enough.
            let wait = if signed.trunk.signs_in { every } else { Duration::ZERO };
            signed.probe_at = Some(Instant::now() + wait);
        }
        if !signed.trunk.signs_in {
            return self.handle.trunk(&signed.trunk.name, signed.place(), TrunkState::Open, None);
        }
        if let Some(registration) = signed.registration {
            return self.endpoint.registrar_moved(registration, at, Instant::now());
        }
        let contact = SocketAddr::new(self.media_ip(at).await, self.local.port());
        let Some(signed) = self.trunks.get_mut(trunk) else { return };
        let name = signed.trunk.name.clone();
        let Some(account) = signed.account(at, contact) else {
            let problem = "its domain or username make no SIP address; correct them".to_owned();
            return self.handle.trunk(&name, signed.place(), TrunkState::Failed, Some(problem));
        };
        self.handle.trunk(&name, signed.place(), TrunkState::Registering, None);
        signed.registration = Some(self.endpoint.register(account, Instant::now()));
    }

    /// Hangs up everywhere and signs out everywhere.
    fn leave(&mut self, done: oneshot::Sender<()>) {
        let calls: Vec<DialogId> = self.calls.keys().copied().collect();
        calls.into_iter().for_each(|dialog| self.endpoint.hang_up(dialog, Instant::now()));
        for registration in self.trunks.iter().filter_map(|signed| signed.registration) {
            self.endpoint.unregister(registration, Instant::now());
        }
        self.leaving = Some(done);
    }

    pub(super) fn signed_in(&mut self, registration: RegistrationId, expires: Duration) {
        let Some(signed) = signed_by(&mut self.trunks, registration) else { return };
        signed.failed = 0;
        tracing::info!(trunk = signed.trunk.name, expires_s = expires.as_secs(), "signed in at the trunk");
        self.handle.trunk(&signed.trunk.name, signed.place(), TrunkState::Registered, None);
    }

    pub(super) fn sign_in_failed(
        &mut self,
        registration: RegistrationId,
        status: u16,
        reason: &str,
        retry_in: Duration,
    ) {
        let Some(signed) = signed_by(&mut self.trunks, registration) else { return };
        let remedy = match status {
            401 | 403 | 407 => "; check username, password and domain",
            404 => "; check username and domain",
            408 => "; is the host right, and does a firewall let SIP through?",
            _ => "",
        };
        let problem = format!("{status} {reason}{remedy}");
        let (name, place) = (signed.trunk.name.clone(), signed.place());
        // Who does not answer may have another machine that does (RFC 3263 4.3).
        let next = may_be_tried_elsewhere(status).then(|| signed.next()).flatten();
        if let Some(next) = next {
            tracing::warn!(trunk = name, problem, %next, "the trunk did not sign us in: its next address is tried");
            self.handle.trunk(&name, place, TrunkState::Registering, Some(problem));
            return self.endpoint.registrar_moved(registration, next, Instant::now());
        }
        tracing::warn!(trunk = name, problem, retry_in_s = retry_in.as_secs(), "the trunk did not sign us in");
        self.handle.trunk(&name, place, TrunkState::Failed, Some(problem));
    }

    /// Whether media with this peer is protected: a trunk's word counts for the trunk.
    pub(super) fn security(&self, peer: IpAddr) -> sdp::Security {
        let trunk = self.trunk_at(peer, &[]).and_then(|trunk| trunk.security);
        trunk.unwrap_or(self.settings.media.security)
    }

    /// The trunk that calls from there; of several the one whose own number was called.
    pub(super) fn trunk_at(&self, peer: IpAddr, called: &[&str]) -> Option<&Trunk> {
        let signed = self.trunks.iter().filter(|signed| signed.is_at(peer)).map(|signed| &signed.trunk);
        let known = self.settings.trunks.iter().filter(|trunk| trunk.calls_from(peer));
        let all: Vec<&Trunk> = signed.chain(known).collect();
        let own = all.iter().find(|trunk| trunk.own().is_some_and(|own| called.contains(&own)));
        own.or(all.first()).copied()
    }

    /// Whose call it is, by the number dialled, and what is known of it before anybody speaks.
    pub(super) fn belongs(&self, incoming: &Incoming) -> Option<Found> {
        let called = called(incoming);
        let mut found = self.rooms.directory.find(&called)?;
        let arrival = &mut found.arrival;
        arrival.trunk = self.trunk_at(incoming.source.ip(), &called).map(|trunk| trunk.name.clone());
        arrival.slots = directory::slots(&self.settings.slots, &incoming.headers);
        if let Some(flow) = arrival.slots.get(FLOW_SLOT).and_then(|name| Kind::opening(name)) {
            arrival.flow = Some(flow.as_str().to_owned());
        }
        Some(found)
    }
}

/// Asks calls from there for the trunk's password, where it is to be asked for.
pub(super) fn guard(endpoint: &mut Endpoint, trunk: &Trunk, network: Network) {
    if let Some(credentials) = trunk.credentials.clone().filter(|_| trunk.inbound_auth) {
        endpoint.guard(network, REALM, credentials);
    }
}

/// The names a call was called under, the likeliest first.
pub(super) fn called(incoming: &Incoming) -> Vec<&str> {
    let also = incoming.also_called.iter().map(String::as_str);
    std::iter::once(incoming.to_user.as_str()).chain(also).collect()
}

/// Whether somebody else may do what somebody did not for this reason.
pub(super) fn may_be_tried_elsewhere(status: u16) -> bool {
    matches!(status, 408 | 500 | 502..=504)
}

fn signed_by(trunks: &mut [Signed], registration: RegistrationId) -> Option<&mut Signed> {
    trunks.iter_mut().find(|signed| signed.registration == Some(registration))
}

/// What our own challenges are for.
const REALM: &str = "offhook";
/// The slot that names the flow a call begins in.
const FLOW_SLOT: &str = "flow";
