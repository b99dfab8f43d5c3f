//! Clients that cost next to nothing, so that the server is what is measured: each takes its answers whole.

use anyhow::{Context, Result, bail};
use arrow_flight::sql::client::FlightSqlServiceClient;
use futures::TryStreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};

use super::server::Server;

/// The kinds of clients.
pub(crate) const KINDS: [&str; 3] = ["HTTP", "Postgres", "Flight"];

/// One connection.
pub(crate) enum Client {
    Http(TcpStream),
    Postgres(TcpStream),
    Flight(Box<FlightSqlServiceClient<Channel>>),
}

impl Client {
    /// Connects by a kind, a place in [`KINDS`].
    pub(crate) async fn connect(kind: usize, server: &Server) -> Result<Self> {
        Ok(match kind {
            0 => Self::Http(TcpStream::connect(&server.http).await?),
            1 => {
                let mut stream = TcpStream::connect(format!("127.0.0.1:{}", server.postgres)).await?;
                let said = b"user\0bench\0database\0annals\0\0";
                stream.write_i32(8 + said.len() as i32).await?;
                stream.write_i32(196_608).await?;
                stream.write_all(said).await?;
                until_ready(&mut stream).await?;
                Self::Postgres(stream)
            }
            _ => {
                let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{}", server.flight))?;
                Self::Flight(Box::new(FlightSqlServiceClient::new(endpoint.connect().await?)))
            }
        })
    }

    /// Asks, and takes the whole answer.
    pub(crate) async fn ask(&mut self, question: &str) -> Result<()> {
        match self {
            Self::Http(stream) => http(stream, question).await,
            Self::Postgres(stream) => {
                stream.write_u8(b'Q').await?;
                stream.write_i32(question.len() as i32 + 5).await?;
                stream.write_all(question.as_bytes()).await?;
                stream.write_u8(0).await?;
                until_ready(stream).await
            }
            Self::Flight(client) => {
                let info = client.execute(question.to_owned(), None).await?;
                for endpoint in info.endpoint {
                    let ticket = endpoint.ticket.context("an endpoint has a ticket")?;
                    let rows: Vec<_> = client.do_get(ticket).await?.try_collect().await?;
                    drop(rows);
                }
                Ok(())
            }
        }
    }
}

/// Reads messages until the server is ready for the next question.
async fn until_ready(stream: &mut TcpStream) -> Result<()> {
    let mut failed = None;
    loop {
        let kind = stream.read_u8().await?;
        let length = stream.read_i32().await?;
        let mut body = vec![0; usize::try_from(length - 4)?];
        stream.read_exact(&mut body).await?;
        match kind {
            b'E' => failed = Some(String::from_utf8_lossy(&body).replace('\0', " ")),
            b'Z' => break,
            _ => {}
        }
    }
    failed.map_or(Ok(()), |error| bail!(error))
}

async fn http(stream: &mut TcpStream, question: &str) -> Result<()> {
    let query: String = question
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect();
    stream.write_all(format!("GET /api/sql?q={query} HTTP/1.1\r\nHost: bench\r\n\r\n").as_bytes()).await?;
    let mut held = Vec::new();
    let end = loop {
        if let Some(place) = held.windows(4).position(|four| four == b"\r\n\r\n") {
            break place + 4;
        }
        if stream.read_buf(&mut held).await? == 0 {
            bail!("the server hung up");
        }
    };
    let head = String::from_utf8_lossy(&held[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.context("these answers are short enough to have a length")?.parse()?;
    while held.len() < end + length {
        if stream.read_buf(&mut held).await? == 0 {
            bail!("the server hung up");
        }
    }
    if !head.starts_with("http/1.1 200") {
        bail!("{}", String::from_utf8_lossy(&held[end..]));
    }
    Ok(())
}
