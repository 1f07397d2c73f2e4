//! A CRM in a process of its own that outlives every server, and its journal: what it did, in order.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The process; gone with this.
pub struct Crm {
    child: Child,
    folder: TempDir,
    name: &'static str,
    pub port: u16,
}

impl Crm {
    /// "hubspot" (upserts by external id) or "pipedrive" (has none: a create is a create).
    pub fn start(name: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ledger/crms").join(name).with_extension("py");
        let mut command = Command::new("python3");
        command.arg("-B").arg(script).args(["--page", "500", "--fixed-token", TOKEN, "--journal"]);
        command.arg(folder.path().join("journal")).stdin(Stdio::null()).stdout(Stdio::piped());
        // It tells of every connection that breaks, and they all do.
        command.stderr(Stdio::null());
        let mut child = command.spawn().expect("this test needs python3");
        let mut port = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut port).expect("it says its port");
        Self { child, folder, name, port: port.trim().parse().expect("a port") }
    }

    /// For the server's configuration.
    pub fn config(&self) -> String {
        format!("[crm]\nkind = \"{}\"\nurl = \"http://127.0.0.1:{}\"\ntoken = \"{TOKEN}\"\n", self.name, self.port)
    }

    /// How often something was made under each of our keys.
    pub fn made(&self) -> BTreeMap<String, usize> {
        let mut made = BTreeMap::new();
        for entry in self.journal().iter().filter(|entry| entry["record"]["rev"] == 1) {
            let key = key(&entry.to_string()).unwrap_or_else(|| panic!("made without a key: {entry}"));
            *made.entry(key).or_default() += 1;
        }
        made
    }

    /// How many contacts were made that show a number.
    pub fn contacts_with(&self, phone: &str) -> usize {
        let is_contact = |entry: &Value| ["contacts", "persons"].iter().any(|kind| entry["kind"] == *kind);
        let journal = self.journal();
        let made = journal.iter().filter(|entry| is_contact(entry) && entry["record"]["rev"] == 1);
        made.filter(|entry| entry.to_string().contains(phone)).count()
    }

    fn journal(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("journal")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line is a write")).collect()
    }
}

impl Drop for Crm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The idempotency key in a record, wherever this CRM keeps it: CALL/OBJECT/ACTION.
fn key(text: &str) -> Option<String> {
    let at = OBJECTS.iter().find_map(|object| text.find(&format!("/{object}/")))?;
    let ends = |c: char| !c.is_ascii_alphanumeric() && !"/-_".contains(c);
    let from = text[..at].rfind(ends).map_or(0, |end| end + 1);
    let to = text[at..].find(ends).map_or(text.len(), |end| at + end);
    Some(text[from..to].to_owned())
}

const OBJECTS: [&str; 3] = ["activity", "task", "contact"];
const TOKEN: &str = "token-of-the-desk-that-stays";
