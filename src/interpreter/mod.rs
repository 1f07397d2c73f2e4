//! Asks a language model what was meant: any OpenAI-compatible endpoint, streamed, within a deadline. What comes back is a
//! typed proposal or nothing; the conversation decides what becomes of it. While nobody calls, prompts are put in other
//! words.

mod model;
mod rephrasing;
mod request;
mod rest;
mod settings;
mod stream;

pub use model::{Model, ModelError};
pub use settings::Settings;
