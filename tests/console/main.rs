//! The desk's side: configuration and HTTP API.

mod api;
mod config;
mod events;
mod house;
mod limits;
