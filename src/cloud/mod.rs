//! Other people's servers: permission to use them, kept sealed ([`Login`], [`OAuthSettings`]), the manners of a request,
//! and what it means when nothing comes back.

mod net;
mod oauth;
mod trouble;

pub(crate) use net::{client, https, retry_after};
pub(crate) use oauth::Tokens;
pub use oauth::{Login, LoginError, OAuthSettings};
pub use trouble::Trouble;
pub(crate) use trouble::words;
