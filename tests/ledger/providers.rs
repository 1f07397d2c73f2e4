//! Stand-ins for calendar providers, each a process of its own that knows only the provider's published contract
//! (`providers/*.py`), and what a test may tell them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use offhook::calendar::{
    Acuity, AcuitySettings, Calendar, Calendly, CalendlySettings, Clock, Google, GoogleSettings, Graph, GraphSettings,
    OAuthSettings,
};
use serde_json::{Value, json};

use crate::fixtures::at;

/// A running stand-in; it goes with its folder.
pub struct Provider {
    child: Child,
    pub name: &'static str,
    /// Its own address.
    pub root: String,
    pub folder: tempfile::TempDir,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill(); // gone already: nothing to do
        let _ = self.child.wait();
    }
}

impl Provider {
    /// Starts one, its clock at Monday 2026-11-23T12:00:00Z.
    pub fn start(name: &'static str, options: &[&str]) -> Provider {
        Provider::start_in("providers", name, options)
    }

    /// The same, of a folder of stand-ins.
    pub fn start_in(folder: &str, name: &'static str, options: &[&str]) -> Provider {
        let script: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/ledger", folder, name].iter().collect();
        let mut command = Command::new("python3");
        command.arg("-B").arg(script.with_extension("py")).args(["--now", NOW]).args(options);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let root = format!("http://127.0.0.1:{}", port.trim());
        Provider { child, name, root, folder: tempfile::tempdir().unwrap() }
    }

    /// Switches faults, adds events of somebody else.
    pub async fn tell(&self, order: Value) -> Value {
        let answer = reqwest::Client::new().post(format!("{}/_control", self.root)).json(&order).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{order}: {body}");
        body
    }

    /// What happened so far.
    pub async fn seen(&self) -> Value {
        reqwest::get(format!("{}/_control", self.root)).await.unwrap().json().await.unwrap()
    }

    /// How many requests began like that.
    pub async fn asked(&self, beginning: &str) -> usize {
        let seen = self.seen().await;
        let requests = seen["requests"].as_array().unwrap().iter();
        requests.filter(|request| request.as_str().unwrap().starts_with(beginning)).count()
    }

    /// One fault: what happens to the next request of a method.
    pub async fn next(&self, method: &str, fault: Value) {
        let mut fault = fault;
        fault["method"] = json!(method);
        if fault.get("count").is_none() {
            fault["count"] = json!(1);
        }
        self.tell(json!({"faults": [fault]})).await;
    }

    /// Our calendar on it.
    pub fn calendar(&self) -> Box<dyn Calendar> {
        match self.name {
            "google" => Box::new(self.google()),
            "graph" => Box::new(self.graph()),
            "calendly" => Box::new(self.calendly()),
            _ => Box::new(self.acuity()),
        }
    }

    /// The same, looking at other people's calendars too.
    pub fn watching(&self, busy: &[&str]) -> Box<dyn Calendar> {
        let busy = busy.iter().map(|id| (*id).to_owned()).collect();
        match self.name {
            "google" => Box::new(Google::open(GoogleSettings { busy, ..self.google_settings() }, clock()).unwrap()),
            _ => Box::new(Graph::open(GraphSettings { busy, ..self.graph_settings() }, clock()).unwrap()),
        }
    }

    pub fn oauth(&self) -> OAuthSettings {
        OAuthSettings {
            name: "calendar".to_owned(),
            token_url: format!("{}/token", self.root),
            authorize_url: format!("{}/authorize?prompt=consent", self.root),
            scope: "calendar".to_owned(),
            client_id: "desk-client".to_owned(),
            client_secret: Some("desk-secret".to_owned()),
            refresh_token: Some("first-refresh".to_owned()),
            machine: false,
            room: "calendar",
            folder: self.folder.path().to_owned(),
            seal_key: None,
        }
    }

    pub fn google_settings(&self) -> GoogleSettings {
        let url = format!("{}/calendar/v3", self.root);
        GoogleSettings { url, calendar: "primary".to_owned(), busy: Vec::new(), oauth: self.oauth() }
    }

    pub fn google(&self) -> Google {
        Google::open(self.google_settings(), clock()).unwrap()
    }

    pub fn graph_settings(&self) -> GraphSettings {
        let url = format!("{}/v1.0", self.root);
        GraphSettings { url, calendar: None, user: None, busy: Vec::new(), oauth: self.oauth() }
    }

    pub fn graph(&self) -> Graph {
        Graph::open(self.graph_settings(), clock()).unwrap()
    }

    /// Started with `--fixed-token personal`.
    pub fn calendly(&self) -> Calendly {
        let services = [("cleaning".to_owned(), format!("{}/event_types/CLEANING", self.root))].into();
        let (url, token, email) = (self.root.clone(), "personal".to_owned(), "desk@example.com".to_owned());
        Calendly::open(CalendlySettings { url, token, email, services }, clock()).unwrap()
    }

    pub fn acuity(&self) -> Acuity {
        let settings = AcuitySettings {
            url: format!("{}/api/v1", self.root),
            user: "4711".to_owned(),
            key: "acuity-key".to_owned(),
            calendar: Some(7),
            email: "desk@example.com".to_owned(),
            services: [("cleaning".to_owned(), 101)].into(),
        };
        Acuity::open(settings, clock()).unwrap()
    }
}

/// The time at which the conformance suite is run.
pub fn clock() -> Clock {
    Arc::new(|| at(NOW))
}

/// The sealed files of a folder.
pub fn sealed(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "sealed")).collect()
}

const NOW: &str = "2026-11-23T12:00:00Z";
