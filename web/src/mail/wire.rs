//! Messages on the wire: MIME, headers that nothing can be smuggled into, and the talk with the mail server.

use std::str::FromStr;
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
    let sender: Mailbox = address(from)?;
    let to: Address = address(&message.to_address)?;
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

fn address<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|e: T::Err| Error::Address { address: text.to_owned(), reason: e.to_string() })
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
    /// Checks what can be known without asking the server.
    ///
    /// # Errors
    ///
    /// Where the URL or the sender's address cannot be read.
    pub fn check(&self) -> Result<(), Error> {
        address::<Mailbox>(&self.from)?;
        self.transport().map(drop)
    }

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
        Error::Server { server: self.server(), reason: one_line(&format!("{error}{source}")) }
    }

    /// Says why the server did not take a message.
    fn refused(&self, error: &lettre::transport::smtp::Error) -> Error {
        let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        match error.status() {
            Some(code) if is_nobody(code.into(), &said) => {
                Error::Nobody { server: self.server(), reason: one_line(&format!("{code} {said}")) }
            }
            _ => self.failed(error),
        }
    }

    /// Returns the server's URL without its password.
    fn server(&self) -> String {
        if let Ok(mut url) = url::Url::parse(&self.url) {
            // Both fail only for URLs that have no place for them.
            let _ = url.set_password(None);
            let _ = url.set_username("");
            return url.to_string();
        }
        self.url.rsplit_once('@').map_or(self.url.as_str(), |(_, host)| host).to_owned()
    }
}

/// Returns whether an answer says that there is nobody of the recipient's address, and never will be.
///
/// A server that says more than a number (RFC 3463) names the address by 5.1.x, where 5.1.7 and 5.1.8 are the sender's,
/// and the mailbox that is disabled by 5.2.1; of the bare numbers (RFC 5321, section 4.2.3), 550, 551 and 553 speak of
/// a mailbox. What else is refused, as a wrong password, may be mended.
fn is_nobody(code: u16, said: &str) -> bool {
    let word = said.split_whitespace().next().unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match word.split('.').collect::<Vec<_>>()[..] {
        [class, subject, detail] if [class, subject, detail].into_iter().all(is_number) => match subject {
            "1" => class == "5" && !["7", "8"].contains(&detail),
            _ => word == "5.2.1",
        },
        _ => [550, 551, 553].contains(&code),
    }
}

/// Delivers messages one after the other, and says of each whether the server took it.
///
/// # Errors
/// Fails as a whole when the server's URL or the sender cannot be read; what a server refuses is an error of that
/// message only.
pub async fn send(smtp: &SmtpConfig, messages: Vec<Message>) -> Result<Vec<Result<(), Error>>, Error> {
    let smtp = smtp.clone();
    let work = move || {
        let transport = smtp.transport()?;
        let _: Mailbox = address(&smtp.from)?;
        let deliver = |message: &Message| {
            let wrapped = lettre_message(message, &smtp.from)?;
            transport.send(&wrapped).map(drop).map_err(|e| smtp.refused(&e))
        };
        Ok(messages.iter().map(deliver).collect())
    };
    tokio::task::spawn_blocking(work).await.map_err(crate::Error::internal)?
}

#[cfg(test)]
mod tests {
    use super::is_nobody;

    #[test]
    fn only_what_is_said_of_the_recipient_is_final() {
        for (code, said, is_final) in [
            (550, "nobody here", true),
            (550, "5.1.1 <ada@example.org>: user unknown", true),
            (553, "5.1.3 bad address", true),
            (550, "5.2.1 mailbox disabled", true),
            (553, "5.7.1 sender not allowed", false),
            (550, "5.1.8 sender's domain not found", false),
            (554, "5.7.1 relay access denied", false),
            (535, "5.7.8 wrong password", false),
            (530, "authenticate first", false),
            (552, "5.2.2 mailbox full", false),
            (451, "4.1.1 try later", false),
            (421, "", false),
        ] {
            assert_eq!(is_nobody(code, said), is_final, "{code} {said}");
        }
    }
}
