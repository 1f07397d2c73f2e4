//! Counters for Prometheus, text exposition format 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::paperwork_metrics;
use crate::call::{CallEvent, CallRecord, TurnTimes};
use crate::outbox::Counted;
use crate::store::{EndpointRow, JobAges};

/// What was counted since the process started.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    counts: Mutex<Counts>,
}

/// What is looked up at the moment of the scrape.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    pub(super) ready: bool,
    pub(super) live_calls: usize,
    /// Outbox rows by state, in the order shown.
    pub(super) outbox: Vec<(&'static str, u64)>,
    pub(super) ages: JobAges,
    /// What the outbox counted.
    pub(super) paperwork: Vec<(Counted, u64)>,
    /// Who is told of events.
    pub(super) endpoints: Vec<EndpointRow>,
    pub(super) now: Timestamp,
    /// Trunks, and whether we are signed in there.
    pub(super) trunks: Vec<(String, bool)>,
    /// Trunks that are asked whether they are there, and whether they answered.
    pub(super) reachable: Vec<(String, bool)>,
}

#[derive(Debug, Default)]
struct Counts {
    started: u64,
    answered: u64,
    ended: BTreeMap<String, u64>,
    stages: BTreeMap<&'static str, Histogram>,
    packets_received: u64,
    packets_lost: u64,
    events_missed: u64,
}

#[derive(Debug, Default)]
struct Histogram {
    buckets: [u64; BUCKETS_MS.len()],
    count: u64,
    sum_ms: u64,
}

impl Metrics {
    /// Counts an event.
    pub(super) fn count(&self, event: &CallEvent) {
        // A poisoned counter is still a counter.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            CallEvent::Started(_) => counts.started += 1,
            CallEvent::Answered { .. } => counts.answered += 1,
            CallEvent::Line { .. } | CallEvent::Transferred { .. } => {}
            CallEvent::Ended(record) => counts.ended(record),
        }
    }

    /// Counts events lost because we were late.
    pub(super) fn missed(&self, events: u64) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).events_missed += events;
    }

    /// Everything, as Prometheus reads it.
    pub(super) fn render(&self, gauges: &Gauges) -> String {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = Page::default();
        page.head("offhook_build_info", "gauge", "The running build.");
        page.row("offhook_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        page.head("offhook_ready", "gauge", "1 while calls are taken.");
        page.row("offhook_ready", &[], u64::from(gauges.ready));
        page.head("offhook_calls_live", "gauge", "Calls in progress.");
        page.row("offhook_calls_live", &[], gauges.live_calls as u64);
        page.head("offhook_calls_started_total", "counter", "Calls that reached us.");
        page.row("offhook_calls_started_total", &[], counts.started);
        page.head("offhook_calls_answered_total", "counter", "Calls that were answered.");
        page.row("offhook_calls_answered_total", &[], counts.answered);
        page.head("offhook_calls_total", "counter", "Calls that ended, by disposition.");
        for (disposition, count) in &counts.ended {
            page.row("offhook_calls_total", &[("disposition", disposition)], *count);
        }
        page.head("offhook_outbox_jobs", "gauge", "Outbox rows that are not done, by state.");
        for (state, count) in &gauges.outbox {
            page.row("offhook_outbox_jobs", &[("state", state)], *count);
        }
        paperwork_metrics::render(&mut page, gauges);
        page.head("offhook_trunk_reachable", "gauge", "1 while a trunk answers when it is asked (OPTIONS).");
        for (trunk, reachable) in &gauges.reachable {
            page.row("offhook_trunk_reachable", &[("trunk", trunk)], u64::from(*reachable));
        }
        page.head("offhook_trunk_registered", "gauge", "1 while we are signed in at a trunk.");
        for (trunk, registered) in &gauges.trunks {
            page.row("offhook_trunk_registered", &[("trunk", trunk)], u64::from(*registered));
        }
        page.head("offhook_rtp_packets_received_total", "counter", "RTP packets taken, by finished calls.");
        page.row("offhook_rtp_packets_received_total", &[], counts.packets_received);
        page.head(
            "offhook_rtp_packets_lost_total",
            "counter",
            "RTP packets never seen (RFC 3550 A.3), by finished calls.",
        );
        page.row("offhook_rtp_packets_lost_total", &[], counts.packets_lost);
        page.head("offhook_console_events_missed_total", "counter", "Call events the console was too late for.");
        page.row("offhook_console_events_missed_total", &[], counts.events_missed);
        page.head("offhook_turn_seconds", "histogram", "Latency of caller turns, by stage.");
        for (stage, histogram) in &counts.stages {
            page.histogram("offhook_turn_seconds", stage, histogram);
        }
        page.text
    }
}

impl Counts {
    fn ended(&mut self, record: &CallRecord) {
        // The word the API uses for it, so that both can be searched for alike.
        let word = record.disposition.and_then(|disposition| serde_json::to_value(disposition).ok());
        let word = word.as_ref().and_then(|word| word.as_str()).unwrap_or("no_disposition");
        *self.ended.entry(word.to_string()).or_default() += 1;
        self.packets_received += record.media.packets_received;
        self.packets_lost += record.media.packets_lost;
        for turn in &record.turns {
            for (stage, ms) in stages(turn) {
                self.stages.entry(stage).or_default().add(u64::from(ms));
            }
        }
    }
}

impl Histogram {
    fn add(&mut self, ms: u64) {
        for (bucket, bound) in self.buckets.iter_mut().zip(BUCKETS_MS) {
            *bucket += u64::from(ms <= bound);
        }
        self.count += 1;
        self.sum_ms += ms;
    }
}

fn stages(turn: &TurnTimes) -> [(&'static str, u32); 5] {
    [
        ("end_of_turn", turn.end_of_turn_ms),
        ("transcript", turn.transcript_ms),
        ("think", turn.think_ms),
        ("voice", turn.voice_ms),
        ("voice_to_voice", turn.voice_to_voice_ms),
    ]
}

/// The text being written.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    pub(super) fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}"); // a String takes every write
    }

    pub(super) fn plain(&mut self, name: &str, value: &str) {
        self.row_of(name, &[], value);
    }

    pub(super) fn row(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.row_of(name, labels, &value.to_string());
    }

    pub(super) fn row_of(&mut self, name: &str, labels: &[(&str, &str)], value: &str) {
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{name}{labels} {value}");
    }

    fn histogram(&mut self, name: &str, stage: &str, histogram: &Histogram) {
        let bucket = format!("{name}_bucket");
        for (count, bound) in histogram.buckets.iter().zip(BUCKETS_MS) {
            self.row(&bucket, &[("stage", stage), ("le", &seconds(bound))], *count);
        }
        self.row(&bucket, &[("stage", stage), ("le", "+Inf")], histogram.count);
        let _ = writeln!(self.text, "{name}_sum{{stage=\"{stage}\"}} {}", seconds(histogram.sum_ms));
        self.row(&format!("{name}_count"), &[("stage", stage)], histogram.count);
    }
}

/// A label value as the exposition format wants it: some names are the operator's.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ")
}

pub(super) fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// Upper bounds, milliseconds: fine around the 350 and 600 ms that are promised, coarse where a caller has given up.
const BUCKETS_MS: [u64; 12] = [25, 50, 100, 200, 350, 500, 600, 800, 1200, 2000, 4000, 8000];
