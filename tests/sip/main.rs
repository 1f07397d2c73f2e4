//! Signalling, from the outside: every test drives `offhook::sip` by datagrams and a virtual clock.

mod admission;
mod calls;
mod line;
mod mutations;
mod offers;
mod requests;
mod retransmissions;
mod torture;
