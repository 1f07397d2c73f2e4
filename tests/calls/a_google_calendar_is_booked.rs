//! Somebody logs in to their Google calendar once, with a browser; then pjsua2 calls the garage and books into it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::booked::{appointments, assert_settled};
use crate::folk::{OIL_CHANGE, PETER};
use crate::person::{Person, story};
use crate::phones::{Codec, Pjsua};
use crate::questions::ENGLISH;
use crate::server::{Business, Server, block_on};
use crate::voices::Voice;
use crate::wish::{Told, Wish};

/// Gone with the test, whatever becomes of it.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill(); // gone already: nothing to do
        let _ = self.0.wait();
    }
}

impl Process {
    /// Its next line on stdout, and those after it.
    fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        BufReader::new(self.0.stdout.take().unwrap()).lines().map_while(Result::ok)
    }
}

#[test]
fn a_google_calendar_is_booked() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ledger/providers/google.py");
    let mut google = Command::new("python3");
    google.args(["-B", script, "--zone", "Europe/Madrid", "--lifetime", "20", "--rotate"]);
    let mut google = Process(google.stdout(Stdio::piped()).spawn().unwrap());
    let root = format!("http://127.0.0.1:{}", google.lines().next().unwrap());
    let section = format!(
        "[calendar]\nkind = \"google\"\nclient_id = \"desk-client\"\nclient_secret = \"desk-secret\"\nurl = \
         \"{root}/calendar/v3\"\ntoken_url = \"{root}/token\"\nauthorize_url = \"{root}/authorize\"\n"
    );
    let folder = tempfile::tempdir().unwrap();
    log_in(folder.path(), &section);

    let server = Server::start_in(folder, Business::Garage, &section);
    let wish = Wish::booking(&ENGLISH, OIL_CHANGE, THURSDAY, PETER);
    let wish = wish.opening("Hello, I need an oil change for my car.");
    let phone = Pjsua::call(&server.uri("taller"), NUMBER, Codec::Pcma);
    let call = Person::new(phone, NUMBER, [Voice::Awb, Voice::Ked], wish).talk(&server);
    println!("{}", story(&call));
    assert_settled(&server, &call);
    let seen: Value = block_on(async { reqwest::get(format!("{root}/_control")).await.unwrap().json().await.unwrap() });
    assert_eq!((&seen["confirmed"], &seen["tentative"]), (&1.into(), &0.into()), "{seen:#}");
    let event = &seen["events"][0];
    assert_eq!(event["start"]["dateTime"], "2026-11-26T16:00:00+01:00");
    assert!(event["description"].as_str().unwrap().contains(NUMBER), "{event:#}");
    assert_eq!(event["extendedProperties"]["private"]["offhookCall"], call["id"]);
    assert!(appointments(&server).is_empty(), "ours has none");
    assert!(!server.log().contains("desk-secret"));
}

/// `offhook calendar login`, and a browser.
fn log_in(folder: &std::path::Path, section: &str) {
    let config = folder.join("login.toml");
    let store = format!("[store]\nurl = \"sqlite:{}\"\n", folder.join("offhook.db").display());
    std::fs::write(&config, format!("{}\n{store}{section}", include_str!("garage.toml"))).unwrap();
    let mut login = Command::new(env!("CARGO_BIN_EXE_offhook"));
    login.args(["calendar", "login", "--config"]).arg(&config);
    let mut login = Process(login.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = login.lines();
    let address = lines.find(|line| line.starts_with("http://")).unwrap();
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    block_on(async {
        let page = browser.get(&address).send().await.unwrap();
        let back = page.headers()["location"].to_str().unwrap().replace("localhost", "127.0.0.1");
        assert!(browser.get(back).send().await.unwrap().status().is_success());
    });
    assert!(lines.next().unwrap().starts_with("allowed"), "it says that it is done");
    assert!(login.0.wait().unwrap().success());
}

const THURSDAY: Told = Told { said: "Thursday at four in the afternoon", back: "Thursday, November 26th at 4 PM" };
const NUMBER: &str = "+34612345678";
