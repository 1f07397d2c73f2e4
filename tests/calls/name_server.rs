//! A name server that knows what the test says.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record};

pub struct NameServer {
    pub at: SocketAddr,
    /// What it was asked, "SRV _sip._udp.carrier.example.".
    asked: Arc<Mutex<Vec<String>>>,
}

impl NameServer {
    /// Answers with these records, which may be kept for a while, until the test ends.
    pub fn start(records: Vec<(Name, RData)>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let (at, asked) = (socket.local_addr().expect("bound"), Arc::<Mutex<Vec<String>>>::default());
        let heard = asked.clone();
        std::thread::spawn(move || {
            let mut room = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut room) {
                let Ok(query) = Message::from_vec(&room[..length]) else { continue };
                let Some(asked) = query.queries.first().cloned() else { continue };
                let line = format!("{} {}", asked.query_type(), asked.name().to_ascii().to_lowercase());
                heard.lock().expect("nobody panics with it").push(line);
                let named = |name: &Name| name.to_ascii().eq_ignore_ascii_case(&asked.name().to_ascii());
                let fits = |(name, data): &&(Name, RData)| named(name) && data.record_type() == asked.query_type();
                let found: Vec<&(Name, RData)> = records.iter().filter(fits).collect();
                let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
                answer.metadata.recursion_desired = true;
                answer.metadata.recursion_available = true;
                if found.is_empty() && !records.iter().any(|(name, _)| named(name)) {
                    answer.metadata.response_code = ResponseCode::NXDomain;
                }
                for (_, data) in found {
                    answer.add_answer(Record::from_rdata(asked.name().clone(), KEPT_S, data.clone()));
                }
                answer.add_query(asked);
                let _ = socket.send_to(&answer.to_vec().expect("records fit"), from);
            }
        });
        Self { at, asked }
    }

    pub fn was_asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics with it").clone()
    }
}

pub fn naptr(at: &str, order: u16, service: &str, replacement: &str) -> (Name, RData) {
    let text = |text: &str| text.as_bytes().to_vec().into_boxed_slice();
    (name(at), RData::NAPTR(NAPTR::new(order, 0, text("s"), text(service), text(""), name(replacement))))
}

pub fn srv(at: &str, priority: u16, port: u16, host: &str) -> (Name, RData) {
    (name(at), RData::SRV(SRV::new(priority, 0, port, name(host))))
}

pub fn address(at: &str, ip: [u8; 4]) -> (Name, RData) {
    (name(at), RData::A(A(Ipv4Addr::from(ip))))
}

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{text}.")).expect("a name")
}

/// Seconds an answer may be kept.
const KEPT_S: u32 = 300;
