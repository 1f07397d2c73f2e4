//! `offhook trunk check` names what is wrong with a trunk, and what to do; every trouble is a real one, on a scripted peer.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::name_server::NameServer;
use crate::peer::{Peer, Script};
use crate::server::{Business, certificate, command};

#[test]
fn trunk_check() {
    std::thread::scope(|scope| {
        let check =
            |script: Script, more: &'static str, args: &'static [&'static str], says: &'static [&'static str]| {
                scope.spawn(move || {
                    let peer = Peer::start(script);
                    let (well, told) = checked(&trunk(&peer.at.to_string(), more), args);
                    let fits = says.iter().all(|word| told.contains(word));
                    assert!(fits && well != told.contains("WRONG"), "{says:?} of {well}:\n{told}");
                });
            };
        check(|_| vec!["200 OK\r\nExpires: 60\r\n"], "", &[], &["ok     127.0.0.1 is udp:", "signs us in"]);
        check(|_| vec![], "", &[], &["does not answer", "firewall"]);
        check(asks_password, "", &[], &["401", "password is wrong"]);
        check(|_| vec!["403 Forbidden"], "", &[], &["403 Forbidden", "blocked"]);
        check(|_| vec!["404 Not Found"], "", &[], &["404", "correct username and domain"]);
        check(|_| vec!["seen 203.0.113.9 200 OK\r\nExpires: 60\r\n"], "", &[], &["advertised = \"203.0.113.9\""]);
        let takes: Script = |request| match request.starts_with("INVITE") {
            true => vec!["100 Trying", "488 Not Acceptable Here"],
            false => vec!["200 OK\r\nExpires: 60\r\n"],
        };
        check(takes, "", &["--call", "+12125550199"], &["signs us in", "488", "[media] codecs and srtp"]);
        let rings: Script = |request| match request.starts_with("INVITE") {
            true => vec!["180 Ringing"],
            false => vec!["200 OK\r\nExpires: 60\r\n"],
        };
        check(rings, "", &["--call", "+12125550199"], &["ok     +12125550199 rings"]);
        scope.spawn(names_and_ports);
        scope.spawn(signed_by_nobody);
    });
}

/// What is found out before a word is said.
fn names_and_ports() {
    let names = NameServer::start(Vec::new());
    let asks = format!("name_servers = [\"{}\"]\n", names.at);
    let told = wrong(&trunk("nowhere.example", ""), &asks);
    assert!(told.contains("nowhere.example is not found") && told.contains("check its spelling"), "{told}");
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let asks = format!("name_servers = [\"{}\"]\n", silent.local_addr().expect("bound"));
    let told = wrong(&trunk("nowhere.example", ""), &asks);
    assert!(told.contains("no name server answers") && told.contains("is the network up"), "{told}");

    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tls = certificate(folder.path(), "127.0.0.1");
    let told = checked(&(trunk(&closed.to_string(), "transport = \"tcp\"\n") + &tls), &[]).1;
    assert!(told.contains("WRONG  TCP to") && told.contains("refused") && told.contains("transport"), "{told}");
    let plain = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = plain.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in plain.incoming().flatten() {
            let _ = (&stream).write_all(b"SIP/2.0 400 This Is No TLS\r\n\r\n");
        }
    });
    let told = checked(&(trunk(&at.to_string(), "transport = \"tls\"\n") + &tls), &[]).1;
    assert!(told.contains("WRONG  TLS with") && told.contains("[sip.tls] roots"), "{told}");
    let told = run(folder.path(), &trunk("127.0.0.1", ""), "", &["nobody"]);
    assert_eq!(told.0, Some(2), "{}", told.1);
}

/// A certificate that a PBX made for itself is good where it stands in `roots`, and nowhere else.
fn signed_by_nobody() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let [known, _] = [0, 1].map(|number| certificate(folders[number].path(), "pbx"));
    for (folder, says) in folders.iter().zip(["its certificate is good", "WRONG  TLS with"]) {
        let files = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
        let mut pbx = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert"])
            .arg(&files[0])
            .arg("-key")
            .arg(&files[1])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs openssl");
        let mut lines = BufReader::new(pbx.stdout.take().expect("stdout is piped")).lines().map_while(Result::ok);
        let at = lines.find_map(|line| Some(line.strip_prefix("ACCEPT ")?.to_owned())).expect("it listens");
        let told = checked(&(trunk(&at, "transport = \"tls\"\n") + &known), &[]).1;
        let _ = pbx.kill();
        let _ = pbx.wait();
        assert!(told.contains(says), "{told}");
    }
}

/// 401 whatever the answer is.
fn asks_password(request: &str) -> Vec<&'static str> {
    match request.starts_with("REGISTER") {
        true => vec!["401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"y\", qop=\"auth\"\r\n"],
        false => vec!["200 OK"],
    }
}

fn trunk(registrar: &str, more: &str) -> String {
    format!(
        "[[trunks]]\nname = \"carrier\"\nregistrar = \"{registrar}\"\nusername = \"box\"\npassword = \"open sesame\"\n{more}"
    )
}

/// Whether all is well, and what is said.
fn checked(config: &str, args: &[&str]) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let args: Vec<&str> = std::iter::once("carrier").chain(args.iter().copied()).collect();
    let (code, told) = run(folder.path(), config, "", &args);
    assert!(!told.contains("sesame"), "{told}");
    (code == Some(0), told)
}

fn wrong(config: &str, sip: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (code, told) = run(folder.path(), config, sip, &["carrier"]);
    assert_eq!(code, Some(1), "{told}");
    told
}

fn run(folder: &Path, config: &str, sip: &str, args: &[&str]) -> (Option<i32>, String) {
    drop(command(folder, Business::Dental, config));
    let file = folder.join("offhook.toml");
    let text = std::fs::read_to_string(&file).expect("just written");
    std::fs::write(&file, text.replace("drain_seconds = 5\n", &format!("drain_seconds = 5\n{sip}"))).expect("ours");
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command.args(["trunk", "check"]).args(args).arg("--config").arg(&file);
    let output = command.output().expect("the binary under test starts");
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&told).into_owned())
}
