//! A confirmation by mail: a few lines for people, an invitation for their calendars.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use sha2::{Digest, Sha256};

use super::confirm::{Confirmation, What};
use crate::calendar::Invitation;
use crate::conversation::Business;
use crate::crm::CrmError;

/// The mail server, and who writes to whom.
#[derive(Clone)]
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

/// How mail is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// `smtps://HOST`, `smtp://HOST:587?tls=required`, or `smtp://HOST` without encryption.
    pub url: String,
    /// User name and password; none where the server asks for none.
    pub login: Option<(String, String)>,
    /// Who writes: an address, or a name and an address.
    pub from: String,
    /// Who is written to.
    pub to: Vec<String>,
}

impl Mail {
    /// Mail through that server; nothing is sent yet. The reason when the settings cannot be.
    pub fn new(settings: &MailSettings) -> Result<Mail, String> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.url);
        let mut transport = transport.map_err(|e| format!("smtp is no mail server: {e}"))?.timeout(Some(ANSWER_WITHIN));
        if let Some((user, password)) = &settings.login {
            transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
        }
        let to: Result<Vec<Mailbox>, String> = settings.to.iter().map(|one| mailbox(one)).collect();
        Ok(Mail { transport: transport.build(), from: mailbox(&settings.from)?, to: to? })
    }

    /// Sends one, to the office or to the customer's address; the same key always under the same message id, by which a
    /// mail sent twice is known.
    pub(super) async fn send(
        &self,
        business: &Business,
        key: &str,
        confirmation: &Confirmation,
        customer: Option<&str>,
    ) -> Result<String, CrmError> {
        let id = self.message_id(key);
        let mail = self.written(business, &id, confirmation, customer).map_err(CrmError::rejected)?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(id),
            Err(error) if error.is_permanent() => Err(CrmError::rejected(error.to_string())),
            Err(error) => Err(CrmError::Retry { after: None, reason: error.to_string() }),
        }
    }

    /// Sends a few lines to the people who look after the machine.
    pub(super) async fn note(&self, title: &str, text: &str) -> Result<(), CrmError> {
        let mut mail = Message::builder().from(self.from.clone()).subject(title);
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let text = text.replace('\n', "\r\n");
        let mail = mail.singlepart(SinglePart::plain(text)).map_err(|error| CrmError::rejected(error.to_string()))?;
        let sent = self.transport.send(mail).await;
        sent.map(drop).map_err(|error| CrmError::Retry { after: None, reason: error.to_string() })
    }

    fn written(
        &self,
        business: &Business,
        id: &str,
        confirmation: &Confirmation,
        customer: Option<&str>,
    ) -> Result<Message, String> {
        let (service, when) = (confirmation.service(business), confirmation.when(business));
        let summary = format!("{}: {service}", business.name);
        let to = match customer {
            Some(address) => vec![mailbox(address)?],
            None => self.to.clone(),
        };
        let attendees: Vec<String> = to.iter().map(|to| to.email.to_string()).collect();
        let invitation = Invitation {
            id: &confirmation.booking.appointment_id,
            version: confirmation.version(),
            cancelled: confirmation.what == What::Cancelled,
            slot: confirmation.slot(),
            summary: &summary,
            location: business.address.as_deref(),
            organizer: self.from.email.as_ref(),
            attendees: &attendees,
            reminders: &business.capacity.reminders,
            now: Timestamp::now(),
        };
        let kind = format!("text/calendar; charset=utf-8; method={}", invitation.method());
        let kind = ContentType::parse(&kind).map_err(|e| e.to_string())?;
        let title = title(confirmation.what, business);
        // A customer reads where to go, the office who comes.
        let line = match customer {
            Some(_) => business.address.clone().unwrap_or_default(),
            None => {
                let phone = confirmation.phone.as_deref().unwrap_or("-");
                format!("{}, {phone}", confirmation.name.as_deref().unwrap_or_default())
            }
        };
        let text = format!("{title}\r\n\r\n{service}\r\n{when}\r\n{line}\r\n\r\n{}\r\n", business.name);
        let mut mail = Message::builder().from(self.from.clone()).message_id(Some(format!("<{id}>")));
        for to in to {
            mail = mail.to(to);
        }
        let parts = MultiPart::alternative()
            .singlepart(SinglePart::plain(text))
            .singlepart(SinglePart::builder().header(kind).body(invitation.written()));
        mail.subject(format!("{title}: {service}, {when}")).multipart(parts).map_err(|e| e.to_string())
    }

    fn message_id(&self, key: &str) -> String {
        let digest: String = Sha256::digest(key.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{digest}@{}", self.from.email.domain())
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).finish_non_exhaustive()
    }
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|e| format!("`{text}` is no e-mail address: {e}"))
}

fn title(what: What, business: &Business) -> &'static str {
    match (what, business.language.starts_with("es")) {
        (What::Booked, false) => "Appointment confirmed",
        (What::Moved, false) => "Appointment moved",
        (What::Cancelled, false) => "Appointment cancelled",
        (What::Booked, true) => "Cita confirmada",
        (What::Moved, true) => "Cita cambiada",
        (What::Cancelled, true) => "Cita cancelada",
    }
}

/// Shorter than the outbox's own deadline, so that the server's word is heard.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
