//! Phones of other people by every way they have: each cell of the matrix is a call to the echo of a real `offhook serve`,
//! over one transport, in one codec, protected or not, held or not, with keys or without. What the phone played is found in
//! what it heard. A few cells run with the other tests; `make interop` runs them all and prints the table.

mod apart;
mod baresip;
mod capture;
mod cell;
mod conversation;
mod house;
mod kamailio;
mod likeness;
mod linphone;
mod matrix;
#[allow(dead_code)]
#[path = "../calls/phones/mod.rs"]
mod phones;
mod pjsua;
#[allow(dead_code)]
#[path = "../calls/server.rs"]
mod server;
mod sipp;
mod sippy;
mod table;
#[allow(dead_code)]
#[path = "../calls/voices.rs"]
mod voices;
mod whole;
