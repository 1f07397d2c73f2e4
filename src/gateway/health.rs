//! Whether trunks are there: each is asked from time to time (OPTIONS), and what does not answer is left for its next
//! machine.

use std::net::SocketAddr;
use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::line::Line;
use crate::sip::ProbeId;

/// What a trunk said when it was asked last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrunkHealth {
    /// Whether it answered, and takes requests.
    pub reachable: bool,
    /// Status of its answer; none when it said nothing.
    pub answer: Option<u16>,
    /// How long that took.
    pub round_trip_ms: u64,
    /// Since when it stands so.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

impl Line {
    /// When a trunk is to be asked.
    pub(super) fn next_probe(&self) -> Option<Instant> {
        self.trunks.iter().filter(|signed| signed.at.is_some()).filter_map(|signed| signed.probe_at).min()
    }

    /// Asks those whose turn it is.
    pub(super) async fn probe_trunks(&mut self) {
        let now = Instant::now();
        for index in 0..self.trunks.len() {
            let signed = &self.trunks[index];
            let (Some(at), Some(every)) = (signed.at, signed.trunk.health) else { continue };
            if signed.probe_at.is_none_or(|due| due > now) {
                continue;
            }
            let contact = SocketAddr::new(self.media_ip(at).await, self.local.port());
            let signed = &mut self.trunks[index];
            signed.probe_at = Some(now + every);
            if let Some((target, from)) = signed.trunk.asked() {
                signed.probe = Some((self.endpoint.probe(&target, at, &from, contact, now), now));
            }
        }
    }

    /// A trunk answered, or did not.
    pub(super) fn probed(&mut self, probe: ProbeId, status: Option<u16>) {
        let now = Instant::now();
        let asked = |signed: &&mut super::trunks::Signed| signed.probe.is_some_and(|(id, _)| id == probe);
        let Some(signed) = self.trunks.iter_mut().find(asked) else { return };
        let sent = signed.probe.take().map_or(now, |(_, sent)| sent);
        let reachable = status.is_some_and(|status| !matches!(status, 408 | 503));
        let round_trip_ms = u64::try_from(now.saturating_duration_since(sent).as_millis()).unwrap_or(u64::MAX);
        if signed.reachable != Some(reachable) {
            tracing::info!(trunk = signed.trunk.name, reachable, status, "the trunk was asked whether it is there");
        }
        self.handle.trunk_health(&signed.trunk.name, reachable, status, round_trip_ms);
        if status.is_none() && signed.reachable.is_none() && signed.places.len() < 2 {
            // Some never answer this question, and take calls all the same.
            return;
        }
        signed.reachable = Some(reachable);
        if reachable {
            signed.failed = 0;
        } else if let Some(next) = signed.next() {
            signed.probe_at = Some(now);
            if let Some(registration) = signed.registration {
                self.endpoint.registrar_moved(registration, next, now);
            }
        }
    }
}
