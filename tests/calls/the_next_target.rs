//! Who does not answer is not waited for: a trunk's next machine is signed in at, and called; a refusal with Retry-After is
//! obeyed; what the whole trunk does not take goes through the one that stands in for it. A call that nobody here can take
//! is sent on.

use std::time::{Duration, Instant};

use offhook::sip::{DialogId, Event};

use crate::name_server::{NameServer, address, naptr, srv};
use crate::peer::{Peer, header};
use crate::server::{Business, Server, command, rows};
use crate::signals::Signals;

#[test]
fn the_next_target() {
    let dead = Peer::start(|_| Vec::new());
    let near = Peer::start(|request| match request.split(' ').next() {
        Some("REGISTER") => vec!["200 OK\r\nExpires: 300\r\n"],
        Some("INVITE") => vec!["100 Trying", "503 Service Unavailable\r\nRetry-After: 120 (rest)\r\n"],
        Some("OPTIONS") => vec!["200 OK"],
        _ => Vec::new(),
    });
    let backup = Peer::start(|request| match request.split(' ').next() {
        Some("INVITE") => vec!["180 Ringing", "486 Busy Here"],
        Some("OPTIONS") => vec!["200 OK"],
        _ => Vec::new(),
    });
    let names = NameServer::start(vec![
        naptr("carrier.example", 10, "SIP+D2U", "_sip._udp.carrier.example"),
        srv("_sip._udp.carrier.example", 10, dead.at.port(), "a.carrier.example"),
        srv("_sip._udp.carrier.example", 20, near.at.port(), "a.carrier.example"),
        address("a.carrier.example", [127, 0, 0, 1]),
    ]);
    let config = CONFIG.replace("BACKUP", &backup.at.to_string());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = command(folder.path(), Business::Dental, &config);
    let file = folder.path().join("offhook.toml");
    let text = std::fs::read_to_string(&file).expect("just written");
    let asks = format!("drain_seconds = 5\nmax_calls = 1\nname_servers = [\"{}\"]", names.at);
    std::fs::write(&file, text.replace("drain_seconds = 5", &asks)).expect("the folder is ours");
    let server = Server::once_ready(command.spawn().expect("the binary under test starts"), folder);

    let trunks = server.wait("/api/v1/trunks", "the second machine signs us in", DEADLINE, |trunks| {
        rows(trunks).iter().any(|trunk| trunk["name"] == "carrier" && trunk["state"] == "registered")
    });
    let carrier = rows(&trunks).into_iter().find(|trunk| trunk["name"] == "carrier").expect("it was there");
    let place = carrier["registrar"].as_str().unwrap_or_default();
    assert!(place.contains(&near.at.to_string()), "{trunks:#}");
    assert!(!dead.heard("REGISTER").is_empty(), "the first one is asked first");

    let trunks = server.wait("/api/v1/trunks", "the other trunk is asked whether it is there", DEADLINE, |trunks| {
        rows(trunks).iter().any(|trunk| trunk["name"] == "backup" && trunk["health"]["reachable"] == true)
    });
    assert!(
        rows(&trunks).iter().any(|trunk| trunk["state"] == "open" && trunk["health"]["answer"] == 200),
        "{trunks:#}"
    );
    assert!(server.text("/metrics").contains("offhook_trunk_reachable{trunk=\"backup\"} 1"));

    let mut caller = Signals::new();
    for round in 1..=2 {
        let dialog = taken(&mut caller, &server);
        // One call is all this box takes: the next is sent where its trunk has it go.
        let mut other = Signals::new();
        other.call("+12125550100", server.sip, "+12125550179", &[]);
        let status = other.until("the second is answered", |event| match event {
            Event::Failed { status, .. } => Some(*status),
            _ => None,
        });
        assert_eq!((status, other.heard("Contact: <sip:+12125550199@carrier.example>")), (302, true));
        let invites = backup.hears("INVITE", round);
        let invite = &invites[round - 1];
        assert!(invite.starts_with("INVITE sip:+12125550111@127.0.0.1"), "{invite}");
        assert!(header(invite, "From").is_some_and(|from| from.contains("+12125550190")), "{invite}");
        caller.hang_up(dialog);
        caller.until("it is over", |event| matches!(event, Event::Ended { .. }).then_some(()));
        assert_eq!(near.heard("INVITE").len(), 1, "who asked to be left alone is left alone");
        assert_eq!(dead.heard("INVITE").len(), round, "the other machine is tried as well");
    }
}

/// A call that is taken, once the one before has left the room.
fn taken(caller: &mut Signals, server: &Server) -> DialogId {
    let until = Instant::now() + DEADLINE;
    loop {
        let dialog = caller.call("+12125550100", server.sip, "+12125550178", &[]);
        let answered = caller.until("an answer", |event| match event {
            Event::Answered { .. } => Some(true),
            Event::Failed { .. } => Some(false),
            _ => None,
        });
        if answered {
            return dialog;
        }
        assert!(Instant::now() < until, "the room stays full\n{}", server.log());
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

const CONFIG: &str = r#"
[escalation]
after_hours = true
[[escalation.duty]]
name = "Maria"
number = "+12125550111"
trunk = "carrier"
ring_seconds = 30
[[numbers]]
number = "+12125550100"
flow = "person"
[[trunks]]
name = "carrier"
registrar = "carrier.example"
username = "box"
password = "secret"
fallback = "backup"
failover = "+12125550199"
[[trunks]]
name = "backup"
proxy = "BACKUP"
number = "+12125550190"
"#;
const DEADLINE: Duration = Duration::from_secs(40);
