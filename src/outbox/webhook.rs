//! A confirmation as a signed web request, in the form of Standard Webhooks: `webhook-id` is the same for every try.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::confirm::{Confirmation, What};
use crate::conversation::Business;
use crate::crm::CrmError;

/// A web address that is told, and the secret both sides know.
#[derive(Clone)]
pub struct Webhook {
    client: reqwest::Client,
    url: String,
    secret: Vec<u8>,
}

impl Webhook {
    /// A web address; the reason when it cannot be one. A secret that begins with `whsec_` is base64.
    pub fn new(url: &str, secret: &str) -> Result<Webhook, String> {
        let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).build().map_err(|e| e.to_string())?;
        let secret = match secret.strip_prefix("whsec_") {
            Some(coded) => STANDARD.decode(coded).map_err(|e| format!("the secret is not base64: {e}"))?,
            None => secret.as_bytes().to_vec(),
        };
        reqwest::Url::parse(url).map_err(|e| format!("`{url}` is no address: {e}"))?;
        Ok(Webhook { client, url: url.to_owned(), secret })
    }

    pub(super) async fn send(
        &self,
        business: &Business,
        key: &str,
        confirmation: &Confirmation,
    ) -> Result<String, CrmError> {
        let kind = match confirmation.what {
            What::Booked => "appointment.booked",
            What::Moved => "appointment.moved",
            What::Cancelled => "appointment.cancelled",
        };
        let now = Timestamp::now();
        let body = json!({
            "type": kind,
            "timestamp": now.to_string(),
            "data": {
                "business": business.id,
                "appointment_id": confirmation.booking.appointment_id,
                "call_id": confirmation.call_id,
                "service": confirmation.booking.service,
                "starts_at": local(confirmation.booking.starts_at, business),
                "ends_at": local(confirmation.booking.ends_at, business),
                "timezone": business.timezone.iana_name(),
                "name": confirmation.name,
                "phone": confirmation.phone,
                "email": confirmation.email,
            },
        })
        .to_string();
        let seconds = now.as_second().to_string();
        let signature = self.signature(key, &seconds, &body);
        let request = self.client.post(&self.url).header("content-type", "application/json");
        let request = request.header("webhook-id", key).header("webhook-timestamp", &seconds);
        let answer = request.header("webhook-signature", signature).body(body).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(key.to_owned()),
            Ok(answer) => Err(refusal(&answer)),
            // The address may hold a token: it is not repeated.
            Err(error) => Err(CrmError::Retry { after: None, reason: error.without_url().to_string() }),
        }
    }

    /// `v1,` and the HMAC of id, time and body.
    fn signature(&self, id: &str, seconds: &str, body: &str) -> String {
        let signed = format!("{id}.{seconds}.{body}");
        format!("v1,{}", STANDARD.encode(hmac(&self.secret, signed.as_bytes())))
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").finish_non_exhaustive()
    }
}

fn local(at: Timestamp, business: &Business) -> String {
    let zoned = at.to_zoned(business.timezone.clone());
    at.display_with_offset(zoned.offset()).to_string()
}

/// What may pass is tried again, when the other side says; what will not is for a person.
fn refusal(answer: &reqwest::Response) -> CrmError {
    let status = answer.status();
    let reason = format!("it answered {status}");
    let asked = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            CrmError::Retry { after: asked.map(Duration::from_secs), reason }
        }
        status if status.is_client_error() => CrmError::rejected(reason),
        _ => CrmError::Retry { after: asked.map(Duration::from_secs), reason },
    }
}

/// RFC 2104 on SHA-256.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; BLOCK_BYTES];
    match key.len() > BLOCK_BYTES {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

/// SHA-256 works on blocks of this length.
const BLOCK_BYTES: usize = 64;
/// Shorter than the outbox's own deadline, so that the other side's word is heard.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_the_one_of_rfc_4231() {
        let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            hex(hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
