//! What the phones call: one `offhook serve` and, where cells need them, what stands before it.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::PathBuf;

use crate::capture;
use crate::cell::{Cell, Phone, Way};
use crate::kamailio::Kamailio;
use crate::server::{Business, SOON, Server, certificate, rows};
use crate::sippy::Sippy;

/// All of it; ended when dropped.
pub struct House {
    sippy: Option<Sippy>,
    kamailio: Option<Kamailio>,
    server: Server,
    /// At this machine's own address: Linphone names that one, whatever address it is bound to.
    outside: Option<Server>,
}

impl House {
    /// Starts what these cells need and this machine has.
    pub fn start(cells: &[Cell]) -> Self {
        let wanted = |way: Way| cells.iter().any(|cell| cell.way == way && missing(cell).is_none());
        let kamailio = wanted(Way::Kamailio).then(Kamailio::start);
        let server = serve(LOCALHOST, kamailio.as_ref());
        if kamailio.is_some() {
            server.wait("/api/v1/trunks", "signed in over each transport", SOON, |trunks| {
                rows(trunks).len() == 3 && rows(trunks).iter().all(|trunk| trunk["state"] == "registered")
            });
        }
        let sippy = wanted(Way::Sippy).then(|| Sippy::start(server.sip));
        let named = |cell: &Cell| cell.phone == Phone::Linphone && missing(cell).is_none();
        let outside = cells.iter().any(named).then(|| own_address().map(|ip| serve(ip, None))).flatten();
        Self { sippy, kamailio, server, outside }
    }

    /// What the phone of a cell dials to reach this user.
    pub fn uri(&self, cell: &Cell, user: &str) -> String {
        let transport = cell.transport.name();
        let at = match cell.way {
            Way::Direct => self.server(cell).listens(transport),
            Way::Kamailio => {
                let kamailio = self.kamailio.as_ref().expect("started for its cells");
                format!("127.0.0.1:{}", kamailio.port(cell.transport))
            }
            Way::Sippy => format!("127.0.0.1:{}", self.sippy.as_ref().expect("started for its cells").port),
        };
        let over = if transport == "udp" { String::new() } else { format!(";transport={transport}") };
        format!("sip:{user}@{at}{over}")
    }

    /// The server that the phone of a cell calls.
    pub fn server(&self, cell: &Cell) -> &Server {
        match cell.phone {
            Phone::Linphone => self.outside.as_ref().unwrap_or(&self.server),
            _ => &self.server,
        }
    }

    /// What the servers logged.
    pub fn log(&self) -> String {
        self.server.log() + &self.outside.as_ref().map(Server::log).unwrap_or_default()
    }
}

fn serve(ip: IpAddr, proxy: Option<&Kamailio>) -> Server {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut extra = certificate(folder.path(), "offhook");
    if let Some(proxy) = proxy {
        let own = folder.path().join("chain.pem").display().to_string();
        let roots = format!("roots = \"{}\"", proxy.certificate().display());
        extra = extra.replace(&format!("roots = \"{own}\""), &roots) + &proxy.trunks();
    }
    Server::start_at(ip, folder, Business::Dental, &extra)
}

/// From which this machine would call the world. No packet leaves.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("198.51.100.1:5060").ok()?;
    Some(socket.local_addr().ok()?.ip())
}

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The program that a cell needs and this machine has not.
pub fn missing(cell: &Cell) -> Option<&'static str> {
    let phone: &[&str] = match cell.phone {
        Phone::Baresip => &["baresip"],
        Phone::Pjsua2 => &["python3"],
        Phone::Linphone => &["linphonec"],
        Phone::Sipp => &["sipp", "tcpdump"],
    };
    let way: &[&str] = match cell.way {
        Way::Direct => &[],
        Way::Kamailio => &["kamailio"],
        Way::Sippy => &["b2bua"],
    };
    let rootless = cell.phone == Phone::Sipp && installed("tcpdump") && !capture::possible();
    phone.iter().chain(way).copied().find(|program| !installed(program)).or(rootless.then_some("root"))
}

/// One that nothing listens on, by UDP.
pub fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

/// Whether a program can be run.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]).any(|folder| folder.join(program).is_file())
}
