//! Real phones, one over TCP and one over TLS, type another number: it is the one that counts.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::booked::{appointments, assert_settled};
use crate::folk::{OIL_CHANGE, PETER, SUSAN, TYRE_CHANGE};
use crate::person::{Person, story};
use crate::phones::{Baresip, Codec, Phone, Pjsua};
use crate::questions::ENGLISH;
use crate::server::{Business, Server, block_on, certificate};
use crate::voices::Voice;
use crate::whole_crm::{self, Crm, assert_gained};
use crate::wish::{Told, Wish};

#[test]
fn keys_from_real_phones() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tls = certificate(folder.path(), "first");
    let server = Server::start_in(folder, Business::Garage, &tls);
    let before = Crm::of(&server);
    let wish =
        |service, time, name, keys| Wish { other_number: Some(keys), ..Wish::booking(&ENGLISH, service, time, name) };
    let peter = wish(OIL_CHANGE, THURSDAY, PETER, "612345699#");
    let susan = wish(TYRE_CHANGE, FRIDAY, SUSAN, "612345677#");
    let pjsua = Pjsua::call(&server.uri_over("tcp", "taller"), NUMBERS[0], Codec::Pcmu);
    let baresip = Baresip::call(&server.uri_over("tls", "taller"), NUMBERS[1]);
    // A renewed certificate serves whoever comes next; who talks already goes on.
    certificate(server.folder.path(), "renewed");
    assert!(shown(&server).contains("CN = renewed"), "{}", shown(&server));
    strangers_get_no_word(&server);
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| talk(&server, pjsua, NUMBERS[0], peter));
        let second = scope.spawn(|| talk(&server, baresip, NUMBERS[1], susan));
        (first.join().expect("pjsua2's call"), second.join().expect("baresip's call"))
    });
    for call in [&first, &second] {
        println!("{}", story(call));
        assert_settled(&server, call);
        let digits = call["digits"].as_str().unwrap_or_default();
        assert!(digits.starts_with("**********") && digits.chars().all(|key| key == '*'), "{digits}\n{}", story(call));
    }
    let phones: Vec<Value> = appointments(&server).iter().map(|made| made["phone"].clone()).collect();
    assert_eq!(phones, TYPED);
    let left = [(&first, TYPED[0], PETER, NUMBERS[0]), (&second, TYPED[1], SUSAN, NUMBERS[1])];
    let left = left.into_iter().flat_map(|(call, typed, name, from)| {
        let activity = whole_crm::activity(&server, call["id"].as_str().unwrap(), true, &[]);
        let person = whole_crm::contact("talleres-retiro", typed, &[("name", name.back)]);
        [activity, person, whole_crm::note(&format!("Also uses {from}"))]
    });
    assert_gained(&server, &before, left.collect());
}

/// The subject of the certificate it shows.
fn shown(server: &Server) -> String {
    let at = server.listens("tls");
    let told = Command::new("openssl").args(["s_client", "-connect", &at]).stdin(Stdio::null()).output();
    String::from_utf8_lossy(&told.expect("openssl runs").stdout).into_owned()
}

/// Whose address is not allowed gets neither a handshake nor an answer.
fn strangers_get_no_word(server: &Server) {
    for transport in ["tcp", "tls"] {
        let at: SocketAddr = server.listens(transport).parse().expect("an address");
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(STRANGER.parse().expect("an address")).expect("all of 127/8 is ours");
        let heard = block_on(async {
            let mut stream = socket.connect(at).await.expect("the port is open");
            let mut heard = Vec::new();
            // Closed or reset: the same to a stranger.
            let _ = stream.write_all(b"OPTIONS sip:a SIP/2.0\r\n\r\n").await;
            let end = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut heard)).await;
            assert!(end.is_ok(), "a stranger was let in over {transport}");
            heard
        });
        assert!(heard.is_empty(), "a stranger heard {heard:?} over {transport}");
    }
}

fn talk(server: &Server, phone: impl Phone + 'static, number: &'static str, wish: Wish) -> Value {
    Person::new(phone, number, [Voice::Kal, Voice::Slt], wish).talk(server)
}

/// Of this host, and not among those that may call.
const STRANGER: &str = "127.9.9.9:0";
const THURSDAY: Told = Told { said: "Thursday at ten in the morning", back: "Thursday, November 26th at 10 AM" };
const FRIDAY: Told = Told { said: "Friday at nine in the morning", back: "Friday, November 27th at 9 AM" };
const TYPED: [&str; 2] = ["+34612345699", "+34612345677"];
const NUMBERS: [&str; 2] = ["+34612345611", "+34612345612"];
