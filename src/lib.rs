//! offhook: the receptionist that answers a business's phone on the business's own machine.
//!
//! One process owns the phone line, the ears, the conversation and the paperwork. A caller's words travel one way
//! through it, from a packet to a packet; what the call leaves behind travels one way too, from the call to the CRM.
//!
//! # The map
//! Pure rooms have no tokio, socket, clock, lock, file or thread: values in, values out, `now` is an argument.
//!
//! | room | half | what lives there | may use |
//! |---|---|---|---|
//! | [`audio`] | pure | samples: G.711, resampling, concealment, tones, voice activity | - |
//! | [`rtp`] | pure | one media stream: packets, jitter buffer, DTMF events, paced sender, RTCP | audio |
//! | [`sip`] | pure | signalling as values: messages, SDP, transactions, dialogs | - |
//! | [`conversation`] | pure | what the receptionist says next: intents, slots, dates, prompts | - |
//! | [`call`] | pure | one phone call as a state machine: turns, playout, barge-in, transcript, the call record | audio, rtp, conversation |
//! | [`record`] | pure | from the call record to proposals for the CRM | call, conversation |
//! | [`events`] | pure | what happens, told to others and by others: catalogue, ids, signatures, merging, addresses that may be reached | call, conversation, record |
//! | [`models`] | IO | fetch, verify, convert, locate model files | - |
//! | [`speech`] | IO | Whisper, voice, neural detectors: worker threads behind bounded queues | audio, models |
//! | [`store`] | IO | every SQL line and migration | call, conversation, events |
//! | [`cloud`] | IO | other people's servers: permission to use them, sealed on disk; requests | - |
//! | [`calendar`] | IO | free slots and bookings: one trait, a file per provider | conversation, store, cloud |
//! | [`crm`] | IO | contacts and activity: one trait, a file per provider | call, conversation, store, cloud, events |
//! | [`interpreter`] | IO | asks a language model what was meant, typed, in time or not at all; has prompts put in other words | conversation |
//! | [`outbox`] | IO | claim, deliver, retry, park | call, conversation, store, crm, calendar, record, events, cloud |
//! | [`hooks`] | IO | tells others what happened: signed requests, guarded, in order, again until taken | events, store, outbox, cloud |
//! | [`ingest`] | IO | what other platforms tell us of their calls: kept, answered, merged, fetched, handed on | call, conversation, record, events, hooks, store, outbox |
//! | [`gateway`] | IO | sockets and timers: drives `sip`, one task per call, carries out `call`'s outputs | sip, call, rtp, audio, conversation, speech, calendar, crm, interpreter, store, outbox, record |
//! | [`caller`] | IO | the calling side: `offhook call`, rehearsals, benches | sip, rtp, audio, speech |
//! | [`console`] | IO | HTTP API, live events | store, call, conversation, record, outbox, gateway, hooks, events, ingest |
//! | [`config`], `main` | IO | reads settings, starts rooms, stops them in reverse | all |
//!
//! Every arrow points down the table's dependencies and no room imports [`config`]: each room has its own `Settings`,
//! `config` joins them. `tests/architecture.rs` reads the `use crate::` lines and fails on an arrow that is not here.
//!
//! # Invariants
//! - One mutation, then drain the outputs until there are none: `call` and `sip` are driven only like this.
//! - No media leaves before the ACK; no packet is taken from a source the SDP did not name.
//! - An answer that belongs to an older turn is dropped in exactly one place: `call::Call::handle`.
//! - A call ends exactly once, in one transaction that closes its row and adds its outbox rows.
//! - No await in the media path waits for a disk, a CRM, a calendar or a log.

pub mod audio;
pub mod calendar;
pub mod call;
pub mod caller;
pub mod cloud;
pub mod config;
pub mod console;
pub mod conversation;
pub mod crm;
pub mod events;
pub mod gateway;
pub mod hooks;
pub mod ingest;
pub mod interpreter;
pub mod models;
pub mod outbox;
pub mod record;
pub mod rtp;
pub mod sip;
pub mod speech;
pub mod store;
