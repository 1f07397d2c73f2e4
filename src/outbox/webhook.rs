//! A confirmation as a signed web request, in the form of Standard Webhooks: `webhook-id` is the same for every try.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::json;

use super::confirm::{Confirmation, What};
use crate::cloud::retry_after;
use crate::conversation::Business;
use crate::crm::CrmError;
use crate::events::Secrets;

/// A web address that is told, and the secret both sides know.
#[derive(Clone)]
pub struct Webhook {
    client: reqwest::Client,
    url: String,
    secrets: Secrets,
}

impl Webhook {
    /// A web address; the reason when it cannot be one. A secret that begins with `whsec_` is base64.
    pub fn new(url: &str, secret: &str) -> Result<Webhook, String> {
        let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).build().map_err(|e| e.to_string())?;
        let secrets = Secrets::new(&[secret]).map_err(|bad| format!("webhook_secret: {bad}"))?;
        reqwest::Url::parse(url).map_err(|e| format!("`{url}` is no address: {e}"))?;
        Ok(Webhook { client, url: url.to_owned(), secrets })
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
        let signature = self.secrets.sign(key, now, body.as_bytes());
        let request = self.client.post(&self.url).header("content-type", "application/json");
        let request = request.header("webhook-id", key).header("webhook-timestamp", now.as_second());
        let answer = request.header("webhook-signature", signature).body(body).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(key.to_owned()),
            Ok(answer) => Err(refusal(&answer)),
            // The address may hold a token: it is not repeated.
            Err(error) => Err(CrmError::Retry { after: None, reason: error.without_url().to_string() }),
        }
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
    let after = retry_after(answer);
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => CrmError::Retry { after, reason },
        status if status.is_client_error() => CrmError::rejected(reason),
        _ => CrmError::Retry { after, reason },
    }
}

/// Shorter than the outbox's own deadline, so that the other side's word is heard.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
