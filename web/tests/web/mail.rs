//! Mails about incidents: what they say, what they cannot be made to say, and that they arrive.

use annals_web::mail::{Kind, Message, Reader, Site, SmtpConfig, Story, lettre_message, send};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::session;

/// The open incident: its id is made of names that people chose.
const OPEN: &str = "demo~feature/<i>~linux?x#1~58";

fn reader() -> Reader {
    Reader { name: "Ada Lovelace".into(), address: "ada@example.org".into(), why: "guilty".into() }
}

fn place() -> Site {
    Site { base_url: Some("https://annals.example.org/".into()), host: "annals.example.org".into() }
}

async fn message(id: &str, kind: Kind) -> Message {
    let story = Story::read(&*session(&[]).await, id).await.unwrap();
    story.message(kind, id, &reader(), &place()).unwrap()
}

#[tokio::test]
async fn an_opened_incident_is_told_with_its_reasons() {
    let message = message(OPEN, Kind::Opened).await;
    insta::assert_snapshot!(format!("Subject: {}\n\n{}", message.subject, message.text));
    assert!(!message.html.contains("<script") && message.html.contains("&#60;script"));
    assert!(
        message
            .html
            .contains("href=\"https://annals.example.org/incident/demo%7Efeature%2F%3Ci%3E%7Elinux%3Fx%231%7E58\"")
    );
    let id = &message.headers.iter().find(|(n, _)| n == "Message-ID").unwrap().1;
    assert!(id.starts_with("<incident-") && id.len() == "<incident-0123456789abcdef@annals.example.org>".len(), "{id}");
    assert_eq!(
        message.headers.iter().find(|(n, _)| n == "List-Id").unwrap().1,
        "<linux-unit.main.demo.annals.example.org>"
    );
}

#[tokio::test]
async fn a_resolved_incident_follows_its_first_mail() {
    let message = message("32", Kind::Resolved).await;
    insta::assert_snapshot!(format!("Subject: {}\n\n{}", message.subject, message.text));
    let wire = String::from_utf8(lettre_message(&message, "Annals <annals@example.org>").unwrap().formatted()).unwrap();
    for header in [
        "Message-ID: <incident-32-resolved@annals.example.org>",
        "In-Reply-To: <incident-32@annals.example.org>",
        "References: <incident-32@annals.example.org>",
        "Auto-Submitted: auto-generated",
        "multipart/alternative",
    ] {
        assert!(wire.contains(header), "no `{header}` in\n{wire}");
    }
}

#[tokio::test]
async fn a_site_without_an_address_sends_no_links() {
    let story = Story::read(&*session(&[]).await, OPEN).await.unwrap();
    for base_url in [None, Some("javascript:alert(1)//".to_owned())] {
        let message = story.message(Kind::Opened, OPEN, &reader(), &Site { base_url, host: "h".into() }).unwrap();
        assert!(!message.html.contains("href") && !message.text.contains("://"));
    }
    assert!(Story::read(&*session(&[]).await, "99").await.is_err());
}

#[test]
fn no_part_of_a_message_adds_a_header() {
    let evil = "x\r\nBcc: eve@example.org\r\n\r\nbody";
    let mut message = Message {
        to_name: evil.into(),
        to_address: "ada@example.org".into(),
        subject: evil.into(),
        text: "text".into(),
        html: "<p>html</p>".into(),
        headers: ["Message-ID", "In-Reply-To", "References", "List-Id", "X-Other", evil]
            .map(|n| (n.to_owned(), evil.to_owned()))
            .into(),
    };
    let mail = lettre_message(&message, "annals@example.org").unwrap();
    let wire = String::from_utf8(mail.formatted()).unwrap();
    assert!(!wire.lines().any(|line| line.starts_with("Bcc:")), "{wire}");
    assert_eq!(mail.envelope().to().len(), 1);
    message.to_address = "ada@example.org>\r\nRCPT TO:<eve@example.org".into();
    assert!(lettre_message(&message, "annals@example.org").is_err());
}

/// Takes the mails of some connections.
async fn server(listener: TcpListener, connections: usize) -> String {
    let mut taken = String::new();
    for _ in 0..connections {
        taken += &connection(listener.accept().await.unwrap().0).await;
    }
    taken
}

/// Takes one connection's mails; refuses recipients that begin with `no`.
async fn connection(socket: TcpStream) -> String {
    let (read, mut write) = socket.into_split();
    let mut lines = BufReader::new(read).lines();
    let (mut taken, mut in_data) = (String::new(), false);
    write.write_all(b"220 test\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        if in_data {
            in_data = line != ".";
            taken.push_str(&line);
            taken.push('\n');
            if !in_data {
                write.write_all(b"250 taken\r\n").await.unwrap();
            }
            continue;
        }
        in_data = line == "DATA";
        let answer = match line.split(' ').next().unwrap() {
            "DATA" => "354 go on",
            "RCPT" if line.contains("<no") => "550 nobody here",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
    }
    taken
}

#[tokio::test]
async fn messages_arrive_and_refusals_are_each_their_own() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let server = tokio::spawn(server(listener, 2));
    let good = message(OPEN, Kind::Opened).await;
    let bad = Message { to_address: "nobody@example.org".into(), ..good.clone() };
    let smtp = SmtpConfig { url, from: "Annals <annals@example.org>".into() };
    let sent = send(&smtp, vec![good, bad]).await.unwrap();
    assert!(sent[0].is_ok(), "{:?}", sent[0]);
    let refused = sent[1].as_ref().unwrap_err();
    assert!(refused.is_final() && refused.to_string().contains("nobody here"), "{refused}");
    let taken = server.await.unwrap();
    assert!(
        taken.contains("To: \"Ada Lovelace\" <ada@example.org>")
            || taken.contains("To: Ada Lovelace <ada@example.org>"),
        "{taken}"
    );
}

#[tokio::test]
async fn a_server_is_named_without_its_password() {
    let smtp = SmtpConfig { url: "smtp://me:secret@127.0.0.1:1".into(), from: "a@example.org".into() };
    let sent = send(&smtp, vec![message(OPEN, Kind::Opened).await]).await.unwrap();
    let failed = sent[0].as_ref().unwrap_err();
    let error = failed.to_string();
    assert!(error.contains("127.0.0.1:1") && !error.contains("secret") && !failed.is_final(), "{error}");
    let nobody = SmtpConfig { from: "no address".into(), ..smtp.clone() };
    assert!(send(&nobody, vec![]).await.is_err(), "no message is to blame for the sender");
    let smtp = SmtpConfig { url: "not a url with secret".into(), ..smtp };
    assert!(send(&smtp, vec![]).await.is_err());
}
