//! One evening of bad callers: all of them at once on one server, so that their minutes pass together.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use offhook::caller::Report;
use serde_json::Value;

use crate::callers::Plan;
use crate::process::Holding;
use crate::server::{Business, Server, rows};
use crate::sounds;

/// What came of one caller.
pub struct Evening {
    /// By name: the call as the API shows it, and what the caller saw.
    pub calls: BTreeMap<&'static str, (Value, Report)>,
    /// What the server held before the first of them, and when all were gone.
    pub before: Holding,
    pub after: Holding,
    /// Everything the server wrote for them.
    pub appointments: Vec<Value>,
    pub contacts: Vec<Value>,
}

/// Placed by the first test that asks.
pub static EVENING: LazyLock<Evening> = LazyLock::new(Evening::spend);

impl Evening {
    fn spend() -> Self {
        let server = Server::start(Business::Dental);
        // The first call opens what stays open: database connections, the voice's process.
        Plan { hang_up_after: Duration::from_secs(2), ..Plan::silent("+12125550100") }.dial(&server).report();
        server.drained();
        let before = Holding::of(&server);
        let dialled: Vec<_> =
            plans().into_iter().map(|(name, plan)| (name, plan.number.clone(), plan.dial(&server))).collect();
        let placed: Vec<_> =
            dialled.into_iter().map(|(name, number, caller)| (name, number, caller.report())).collect();
        let after = Holding::wait_until_back(&server, before);
        let count = placed.len() + 1;
        let listed = server.wait("/api/v1/calls?limit=500", "all calls are written", WRITE_DEADLINE, |calls| {
            rows(calls).len() == count && rows(calls).iter().all(|call| call["state"] == "ended")
        });
        let listed = rows(&listed);
        server.drained();
        let calls = placed
            .into_iter()
            .map(|(name, number, report)| {
                let id = listed.iter().find(|call| call["from"] == number.as_str()).expect("the call is listed")["id"]
                    .clone();
                let call = server.get(&format!("/api/v1/calls/{}", id.as_str().unwrap_or_default()));
                println!("{name}: {}", digest(&call, &report));
                (name, (call, report))
            })
            .collect();
        let appointments = rows(&server.get("/api/v1/appointments"));
        let contacts = rows(&server.get("/api/v1/contacts"));
        println!("before {before:?}, after {after:?}");
        Self { calls, before, after, appointments, contacts }
    }

    /// One caller's call and report.
    pub fn call(&self, name: &str) -> &(Value, Report) {
        &self.calls[name]
    }
}

fn plans() -> Vec<(&'static str, Plan)> {
    let number = |n: usize| format!("+121255502{n:02}");
    let greeting = Plan { hang_up_after: Duration::from_millis(1500), ..Plan::silent(&number(1)) };
    let mut plans = vec![("silent", Plan::silent(&number(0))), ("hangs up in the greeting", greeting)];
    for (n, (name, sound)) in noises().into_iter().enumerate() {
        plans.push((name, Plan::sound(&number(10 + n), sound)));
    }
    for (n, track) in TRACKS.iter().enumerate() {
        plans.push((track, Plan::sound(&number(30 + n), sounds::music(track, SECONDS))));
    }
    plans
}

fn noises() -> [(&'static str, sounds::Sound); 6] {
    [
        ("white noise", sounds::white(SECONDS, -30.0)),
        ("loud white noise", sounds::white(SECONDS, -18.0)),
        ("pink noise", sounds::pink(SECONDS, -24.0)),
        ("mains hum", sounds::hum(SECONDS, -24.0)),
        ("crackle", sounds::crackle(SECONDS, -26.0)),
        ("babble", sounds::babble(SECONDS, -30.0)),
    ]
}

fn digest(call: &Value, report: &Report) -> String {
    let lines = rows(&call["transcript"]).into_iter().map(|line| {
        let who = if line["speaker"] == "agent" { "A" } else { "C" };
        format!("\n  {who} {:>6} {} ({})", line["start_ms"], line["text"], line["confidence"])
    });
    let head = format!("{} in {} s, {}", call["disposition"], report.duration_ms / 1000, report.ended_by);
    format!("{head}, outcome {}{}", call["outcome"], lines.collect::<String>())
}

/// For the last record to reach the disk.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// Names of the noises.
pub const NOISES: [&str; 6] = ["white noise", "loud white noise", "pink noise", "mains hum", "crackle", "babble"];
/// Music of different kinds: strings, machines, piano, guitar, band.
pub const TRACKS: [&str; 5] = [
    "macroform-cold_day.wav",
    "macroform-robot_dity.wav",
    "macroform-the_simplicity.wav",
    "manolo_camp-morning_coffee.wav",
    "reno_project-system.wav",
];
/// How long noise and music last.
const SECONDS: usize = 60;
