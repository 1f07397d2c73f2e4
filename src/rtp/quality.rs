//! How a call sounded, estimated: the E-model (ITU-T G.107) from loss and delay, as mean opinion score.

use super::reception::StreamStats;
use super::rtcp::RtcpNews;

/// What the far end reported of the stream we send, and the way there and back.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quality {
    lost_sum: f32,
    reports: u32,
    round_trip_ms: Option<f32>,
}

impl Quality {
    /// Takes the far end's report.
    pub fn note(&mut self, news: &RtcpNews) {
        if let Some(lost) = news.fraction_lost {
            (self.lost_sum, self.reports) = (self.lost_sum + lost, self.reports + 1);
        }
        self.round_trip_ms = news.round_trip_ms.or(self.round_trip_ms);
    }

    /// Share of our packets that the far end lost, 0..=1; none before its first report.
    pub fn far_loss(&self) -> Option<f32> {
        (self.reports > 0).then(|| self.lost_sum / self.reports as f32)
    }

    /// Round-trip time, milliseconds; none before one could be measured.
    pub fn round_trip_ms(&self) -> Option<f32> {
        self.round_trip_ms
    }

    /// Mean opinion score, 1 to 4.5, of the worse direction; none before anything was received.
    pub fn mos(&self, received: &StreamStats) -> Option<f32> {
        let expected = received.packets_received + received.packets_lost;
        if expected == 0 {
            return None;
        }
        let here = received.packets_lost as f32 / expected as f32;
        let lost = here.max(self.far_loss().unwrap_or(0.0));
        let delay = self.round_trip_ms.unwrap_or(0.0) / 2.0 + PACKET_MS + 2.0 * received.jitter_ms;
        Some(score(rating(lost * 100.0, delay)))
    }
}

/// R, with concealment of lost packets and no other impairment.
fn rating(lost_percent: f32, delay_ms: f32) -> f32 {
    let late = (delay_ms - 177.3).max(0.0);
    let delay = 0.024 * delay_ms + 0.11 * late;
    let loss = 95.0 * lost_percent / (lost_percent + ROBUSTNESS);
    (R_BEST - delay - loss).clamp(0.0, 100.0)
}

fn score(r: f32) -> f32 {
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

/// R of an undisturbed narrowband call.
const R_BEST: f32 = 93.2;
/// Bpl of G.711 with concealment, ITU-T G.113; Opus and G.722 are taken for as robust.
const ROBUSTNESS: f32 = 25.1;
/// What packetisation alone delays.
const PACKET_MS: f32 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_model() {
        let at = |lost, delay| (score(rating(lost, delay)) * 100.0).round() / 100.0;
        assert_eq!([at(0.0, 0.0), at(3.0, 0.0), at(5.0, 0.0)], [4.41, 4.13, 3.92]);
        assert!(at(0.0, 400.0) < 3.7 && at(100.0, 0.0) < 1.5);
    }

    #[test]
    fn the_worse_direction_counts() {
        let clean = StreamStats { packets_received: 1_000, ..StreamStats::default() };
        let mut quality = Quality::default();
        assert_eq!(quality.mos(&StreamStats::default()), None);
        let before = quality.mos(&clean).unwrap();
        quality.note(&RtcpNews { fraction_lost: Some(0.1), round_trip_ms: Some(80.0), bye: false });
        assert!(quality.mos(&clean).unwrap() < before - 0.5);
    }
}
