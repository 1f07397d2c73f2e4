//! The first permission: a browser asks the user, and comes back to this machine with a code (RFC 8252, RFC 7636).

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Client, Url};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::tokens::{FORM, OAuthSettings, Tokens, form};
use crate::cloud::trouble::{Trouble, words};

/// A login that has begun: the user opens [`Login::address`], [`Login::finish`] waits for them.
pub struct Login {
    settings: OAuthSettings,
    listener: TcpListener,
    redirect: String,
    verifier: String,
    state: String,
}

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The port for the browser's return cannot be had.
    #[error("port {0} for the browser's return: {1}; name a free one with --port")]
    Port(u16, std::io::Error),
    /// The provider or the user said no, or the answer was lost.
    #[error("{0}")]
    Denied(String),
    /// The code was not taken.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl Login {
    /// Listens for the browser's return on loopback; port 0 takes a free one.
    pub async fn begin(settings: OAuthSettings, port: u16) -> Result<Login, LoginError> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| LoginError::Port(port, error))?;
        let port = listener.local_addr().map_err(|error| LoginError::Port(port, error))?.port();
        let redirect = format!("http://localhost:{port}/");
        let (verifier, state) = (random()?, random()?);
        Ok(Login { settings, listener, redirect, verifier, state })
    }

    /// Where the user says yes.
    pub fn address(&self) -> Result<String, LoginError> {
        let mut url = Url::parse(&self.settings.authorize_url)
            .map_err(|error| LoginError::Denied(format!("authorize_url is no address: {error}")))?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("scope", &self.settings.scope)
            .append_pair("state", &self.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Waits until the browser is back, and keeps the permission sealed.
    pub async fn finish(self) -> Result<(), LoginError> {
        let code = loop {
            let (stream, _) = self.listener.accept().await.map_err(|error| LoginError::Denied(error.to_string()))?;
            // Whoever else knocks, or says nothing for long, is not the browser.
            if let Ok(Ok(Some(came))) = tokio::time::timeout(KNOCK_WAIT, self.returned(stream)).await {
                break came?;
            }
        };
        let client = Client::builder().timeout(EXCHANGE_WAIT).build();
        let client = client.map_err(|error| LoginError::Denied(words(error)))?;
        let form = form(&[
            ("grant_type", Some("authorization_code")),
            ("code", Some(&code)),
            ("redirect_uri", Some(&self.redirect)),
            ("client_id", Some(&self.settings.client_id)),
            ("client_secret", self.settings.client_secret.as_deref()),
            ("code_verifier", Some(&self.verifier)),
        ]);
        let request = client.post(&self.settings.token_url).header(reqwest::header::CONTENT_TYPE, FORM).body(form);
        let answer = request.send().await.map_err(|error| LoginError::Denied(words(error)))?;
        Ok(Tokens::keep(self.settings, client, answer).await?)
    }

    /// The code of a request that is the browser's return; none for any other.
    async fn returned(&self, mut stream: TcpStream) -> std::io::Result<Option<Result<String, LoginError>>> {
        let mut line = String::new();
        BufReader::new((&mut stream).take(REQUEST_BYTES_MAX)).read_line(&mut line).await?;
        let target = line.split(' ').nth(1).unwrap_or_default();
        let url = Url::parse(&self.redirect).and_then(|base| base.join(target)).ok();
        let of = |name: &str| {
            let url = url.as_ref()?;
            url.query_pairs().find(|pair| pair.0 == name).map(|pair| pair.1.into_owned())
        };
        if of("state").as_deref() != Some(&self.state) {
            stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await?;
            return Ok(None);
        }
        let said = "<!doctype html><title>offhook</title><p>Done. Close this window and go back to offhook.";
        let page = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{said}",
            said.len()
        );
        stream.write_all(page.as_bytes()).await?;
        let denied = || {
            let why: String = of("error").unwrap_or_default().chars().filter(char::is_ascii_graphic).collect();
            LoginError::Denied(format!("the provider gave no permission ({why}); log in again and allow it"))
        };
        Ok(Some(of("code").ok_or_else(denied)))
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("redirect", &self.redirect).finish_non_exhaustive()
    }
}

fn random() -> Result<String, LoginError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| LoginError::Denied(error.to_string()))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

const REQUEST_BYTES_MAX: u64 = 16 * 1024;
const KNOCK_WAIT: Duration = Duration::from_secs(5);
const EXCHANGE_WAIT: Duration = Duration::from_secs(20);
