//! Permission to use what is somebody's (OAuth 2.0, RFC 6749): a refresh token, kept sealed, and the short-lived access
//! tokens it buys.
//!
//! Whoever needs an access token waits for the same refresh; a refresh that has begun is finished even if nobody waits
//! any more, because the server may have put a new refresh token in the place of the old one.

mod login;
mod sealed;
mod tokens;

pub use login::{Login, LoginError};
pub use tokens::OAuthSettings;
pub(crate) use tokens::Tokens;
