//! Signalling, from the outside: every test drives `offhook::sip` by datagrams and a virtual clock.

mod admission;
mod calls;
mod challenges;
mod far;
mod forks;
mod handshakes;
mod identity;
mod info_keys;
mod ipv6;
mod line;
mod mutations;
mod offers;
mod passwords;
mod referring;
mod registration;
mod reliable;
mod requests;
mod retransmissions;
mod session_timers;
mod strangers;
mod streams;
mod torture;
mod updates;
