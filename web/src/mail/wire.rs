//! Messages on the wire: MIME, headers that nothing can be smuggled into, and the talk with the mail server.

use std::time::Duration;

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, SmtpTransport, Transport};

use super::{Error, Message, one_line};

/// Wraps a message as multipart/alternative, ready for the wire. No part of it can add a header or a recipient.
///
/// # Errors
/// Fails when `from` or the reader's address is not an address.
pub fn lettre_message(message: &Message, from: &str) -> Result<lettre::Message, Error> {
    let wrong = |address: &str, reason: &dyn std::fmt::Display| Error::Address {
        address: address.to_owned(),
        reason: reason.to_string(),
    };
    let sender: Mailbox = from.parse().map_err(|e| wrong(from, &e))?;
    let to: Address = message.to_address.parse().map_err(|e| wrong(&message.to_address, &e))?;
    let name = Some(one_line(&message.to_name)).filter(|name| !name.is_empty());
    let mut builder =
        lettre::Message::builder().from(sender).to(Mailbox::new(name, to)).subject(one_line(&message.subject));
    for (name, value) in &message.headers {
        let value = one_line(value);
        builder = match name.as_str() {
            "Message-ID" => builder.message_id(Some(value)),
            "In-Reply-To" => builder.in_reply_to(value),
            "References" => builder.references(value),
            other => match HeaderName::new_from_ascii(other.to_owned()) {
                Ok(name) => builder.raw_header(HeaderValue::new(name, value)),
                Err(_) => builder,
            },
        };
    }
    let part = |kind, body: &str| {
        let part = SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable);
        part.body(body.to_owned())
    };
    let body = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, &message.text))
        .singlepart(part(ContentType::TEXT_HTML, &message.html));
    Ok(builder.multipart(body)?)
}

/// The mail server and the address that mails come from.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    /// `smtp://host:port` (plain on this machine, STARTTLS required elsewhere, unless `?tls=` says otherwise) or
    /// `smtps://user:password@host`.
    pub url: String,
    /// The sender: `Annals <annals@example.org>`.
    pub from: String,
}

impl SmtpConfig {
    fn transport(&self) -> Result<SmtpTransport, Error> {
        let mut url = url::Url::parse(&self.url).map_err(|e| self.failed(&e))?;
        let is_local = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        } || matches!(url.host_str(), Some(name) if name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()));
        if url.scheme() == "smtp" && !is_local && !url.query_pairs().any(|(name, _)| name == "tls") {
            url.query_pairs_mut().append_pair("tls", "required");
        }
        let builder = SmtpTransport::from_url(url.as_str()).map_err(|e| self.failed(&e))?;
        Ok(builder.timeout(Some(Duration::from_secs(30))).build())
    }

    /// Says what the server answered; the crate's own text names only the kind of failure.
    fn failed(&self, error: &dyn std::error::Error) -> Error {
        let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        let reason = one_line(&format!("{error}{source}"));
        let mut server = self.url.clone();
        if let Ok(mut url) = url::Url::parse(&self.url) {
            // Both fail only for URLs that have no place for them.
            let _ = url.set_password(None);
            let _ = url.set_username("");
            server = url.to_string();
        } else if let Some((_, host)) = self.url.rsplit_once('@') {
            server = host.to_owned();
        }
        Error::Server { server, reason }
    }
}

/// Delivers messages one after the other, and says of each whether the server took it.
///
/// # Errors
/// Fails as a whole when the server's URL cannot be read; what a server refuses is an error of that message only.
pub async fn send(smtp: &SmtpConfig, messages: Vec<Message>) -> Result<Vec<Result<(), Error>>, Error> {
    let smtp = smtp.clone();
    let work = move || {
        let transport = smtp.transport()?;
        let deliver = |message: &Message| {
            let wrapped = lettre_message(message, &smtp.from)?;
            transport.send(&wrapped).map(drop).map_err(|e| smtp.failed(&e))
        };
        Ok(messages.iter().map(deliver).collect())
    };
    tokio::task::spawn_blocking(work).await.map_err(crate::Error::internal)?
}
