//! CalDAV servers as other people wrote them, started on free ports, and a plain second client.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use offhook::calendar::{CalDav, CalDavSettings};
use reqwest::Method;

/// A running server with one empty calendar; it goes with its folder.
pub struct Dav {
    child: Child,
    /// The server's own address.
    pub root: String,
    /// The calendar's.
    pub collection: String,
    pub login: Option<(&'static str, &'static str)>,
    _folder: tempfile::TempDir,
}

impl Drop for Dav {
    fn drop(&mut self) {
        let _ = self.child.kill(); // gone already: nothing to do
        let _ = self.child.wait();
    }
}

/// Radicale: strict about times, with a password.
pub async fn radicale() -> Dav {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let place = folder.path().display();
    std::fs::write(folder.path().join("users"), "desk:a-long-password\n").unwrap();
    let settings = format!(
        "[server]\nhosts=127.0.0.1:{port}\n[auth]\ntype=htpasswd\nhtpasswd_filename={place}/users\n\
         htpasswd_encryption=plain\ndelay=0\n[storage]\nfilesystem_folder={place}/store\n[rights]\ntype=owner_only\n"
    );
    std::fs::write(folder.path().join("settings"), settings).unwrap();
    let mut command = Command::new(python_program("radicale"));
    command.arg("-C").arg(folder.path().join("settings"));
    let root = format!("http://127.0.0.1:{port}/");
    let login = Some(("desk", "a-long-password"));
    let dav =
        Dav { child: start(command, port), collection: format!("{root}desk/front/"), root, login, _folder: folder };
    dav.request("MKCALENDAR", "", None).await;
    dav
}

/// Xandikos: no password, and repeats missing from what it finds in a span.
pub async fn xandikos() -> Dav {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut command = Command::new("xandikos");
    command.arg("-d").arg(folder.path()).args(["--defaults", "--current-user-principal", "/desk/"]);
    command.args(["-l", "127.0.0.1", "-p", &port.to_string()]);
    let root = format!("http://127.0.0.1:{port}/");
    let collection = format!("{root}desk/calendars/calendar/");
    Dav { child: start(command, port), collection, root, login: None, _folder: folder }
}

/// Both, one after the other.
pub async fn each() -> [Dav; 2] {
    [radicale().await, xandikos().await]
}

impl Dav {
    /// Our calendar on it, found by the server's address, its clock at Monday 2026-11-23T12:00:00Z.
    pub fn calendar(&self) -> CalDav {
        on_clock(self.settings())
    }

    pub fn settings(&self) -> CalDavSettings {
        CalDavSettings {
            url: self.root.clone(),
            username: self.login.map(|login| login.0.to_owned()),
            password: self.login.map(|login| login.1.to_owned()),
            calendar: None,
            organizer: Some("desk@example.com".to_owned()),
        }
    }

    /// Another program writes an event: the lines between BEGIN and END, UID left out.
    pub async fn add(&self, uid: &str, lines: &str) {
        let lines = lines.trim().replace('\n', "\r\n");
        let event = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//other//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
             DTSTAMP:20261120T000000Z\r\nSUMMARY:Somebody else\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        self.put(uid, event).await;
    }

    /// Another program writes a whole resource.
    pub async fn put(&self, name: &str, text: String) {
        self.request("PUT", &format!("{name}.ics"), Some(text)).await;
    }

    /// What the calendar's web address shows: every event, as another program reads it.
    pub async fn export(&self) -> String {
        let body = r#"<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><C:calendar-data/></prop>
            <C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>"#;
        self.request("REPORT", "", Some(body.to_owned())).await
    }

    /// Confirmed events of ours, as another program counts them.
    pub async fn confirmed(&self) -> usize {
        self.export().await.matches("STATUS:CONFIRMED").count()
    }

    async fn request(&self, method: &str, path: &str, body: Option<String>) -> String {
        let kind = if method == "PUT" { "text/calendar; charset=utf-8" } else { "application/xml" };
        let client = reqwest::Client::new();
        let mut request =
            client.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", self.collection));
        request = request.header("Content-Type", kind).header("Depth", "1").body(body.unwrap_or_default());
        if let Some((name, password)) = self.login {
            request = request.basic_auth(name, Some(password));
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        text
    }
}

/// A calendar whose clock stands still.
pub fn on_clock(settings: CalDavSettings) -> CalDav {
    CalDav::new(settings, Arc::new(|| "2026-11-23T12:00:00Z".parse().unwrap())).unwrap()
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `make test` puts the environment first in the path; a plain `cargo test` finds it beside the sources.
fn python_program(name: &str) -> std::ffi::OsString {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin").join(name);
    if own.exists() { own.into_os_string() } else { name.into() }
}

fn start(mut command: Command, port: u16) -> Child {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let program = quiet.get_program().to_owned();
    let mut child = quiet.spawn().unwrap_or_else(|e| panic!("{program:?}: {e}; `make test` installs it"));
    let until = Instant::now() + START_DEADLINE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(child.try_wait().unwrap().is_none(), "{program:?} ended at once");
        assert!(Instant::now() < until, "{program:?} does not listen");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    child
}

/// Python on a busy machine.
const START_DEADLINE: Duration = Duration::from_secs(60);
