//! The desk's side: configuration, command line and HTTP API.

mod api;
mod calendar_providers;
mod commands;
mod config;
mod crm_providers;
mod entering_contacts;
mod events;
mod extraction;
mod house;
mod limits;
mod model_config;
mod paperwork;
mod people_config;
mod questions_config;
mod queue_commands;
mod sip_config;
mod staff_config;
