//! Who connects: readers by their token, over TLS or from this machine; anybody from this machine while there are no
//! readers.
//!
//! One port speaks both: the first byte of a connection says whether it is TLS.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use annals_analytics::Warehouse;
use annals_analytics::outside::Asker;
use futures::stream::{self, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;
use tonic::{Request, Status};

/// What a TLS connection begins with (RFC 8446, 5.1: the record type of a handshake).
const HANDSHAKE: u8 = 22;
/// A peer that says nothing is left after this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections that are being greeted at once: whole dashboards connect at the same moment. More are hung up on.
const GREETED: usize = 512;

/// A connection.
pub(super) enum Line {
    Plain(TcpStream, SocketAddr),
    Tls(Box<TlsStream<TcpStream>>, SocketAddr),
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    is_here: bool,
    is_secure: bool,
}

impl Connected for Line {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        match self {
            Self::Plain(_, address) => Peer { is_here: address.ip().is_loopback(), is_secure: false },
            Self::Tls(_, address) => Peer { is_here: address.ip().is_loopback(), is_secure: true },
        }
    }
}

/// Returns the connections, greeted.
pub(super) fn incoming(
    listener: TcpListener,
    acceptor: TlsAcceptor,
) -> impl Stream<Item = io::Result<Line>> + Send + 'static {
    let (give, take) = mpsc::channel(GREETED);
    tokio::spawn(async move {
        let places = Arc::new(tokio::sync::Semaphore::new(GREETED));
        while !give.is_closed() {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = give.closed() => return,
            };
            let Ok((socket, address)) = accepted else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            // Many who say nothing must not keep out those who do.
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let (give, acceptor) = (give.clone(), acceptor.clone());
            tokio::spawn(async move {
                if let Ok(Ok(line)) = tokio::time::timeout(PATIENCE, greet(socket, address, acceptor)).await {
                    let _ = give.send(Ok(line)).await;
                }
                drop(place);
            });
        }
    });
    stream::unfold(take, |mut take| async move { Some((take.recv().await?, take)) })
}

async fn greet(socket: TcpStream, address: SocketAddr, acceptor: TlsAcceptor) -> io::Result<Line> {
    socket.set_nodelay(true)?;
    let mut first = [0];
    socket.peek(&mut first).await?;
    match first[0] {
        HANDSHAKE => Ok(Line::Tls(Box::new(acceptor.accept(socket).await?), address)),
        _ => Ok(Line::Plain(socket, address)),
    }
}

macro_rules! forward {
    ($line:expr, $method:ident($($argument:expr),*)) => {
        match $line.get_mut() {
            Line::Plain(socket, _) => Pin::new(socket).$method($($argument),*),
            Line::Tls(socket, _) => Pin::new(socket.as_mut()).$method($($argument),*),
        }
    };
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_read(context, buffer))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        forward!(self, poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_shutdown(context))
    }
}

/// Lets callers in.
pub(super) struct Door(pub(super) Arc<Warehouse>);

impl Door {
    /// Returns who calls.
    pub(super) fn asker<T>(&self, request: &Request<T>) -> Result<Asker, Status> {
        let is_here = self.secured(request)?;
        let given = request.metadata().get("authorization").map(|value| value.to_str().unwrap_or_default());
        match given {
            Some(value) => match value.split_once(' ') {
                Some(("Bearer", token)) if is_here && token == ANYBODY => self.anybody(),
                Some(("Bearer", token)) => self.reader(token, None),
                Some(("Basic", pair)) => basic(pair).and_then(|(name, token)| self.reader(&token, Some(&name))),
                _ => Err(Status::unauthenticated("send a token as Bearer, or a name and a token as Basic")),
            },
            None if is_here => self.anybody(),
            None => Err(Status::unauthenticated("send a token as Bearer, or a name and a token as Basic")),
        }
    }

    /// Returns the token of who greets with a name and a token.
    pub(super) fn greet<T>(&self, request: &Request<T>) -> Result<String, Status> {
        let is_here = self.secured(request)?;
        let given = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        match given.and_then(|value| value.strip_prefix("Basic ")) {
            Some(pair) => match basic(pair)? {
                (_, token) if token.is_empty() && is_here => self.anybody().map(|_| ANYBODY.to_owned()),
                (name, token) => self.reader(&token, Some(&name)).map(|_| token),
            },
            None if is_here => self.anybody().map(|_| ANYBODY.to_owned()),
            None => Err(Status::unauthenticated("greet with a name and a token")),
        }
    }

    /// Returns whether the caller is on this machine; from elsewhere only TLS is spoken.
    fn secured<T>(&self, request: &Request<T>) -> Result<bool, Status> {
        match request.extensions().get::<Peer>() {
            Some(peer) if peer.is_here || peer.is_secure => Ok(peer.is_here),
            _ => Err(Status::unauthenticated("connect with TLS: grpc+tls://")),
        }
    }

    fn anybody(&self) -> Result<Asker, Status> {
        match self.0.store().state().has_readers() {
            Ok(false) => Ok(Asker::anybody("anybody", "flight")),
            Ok(true) => Err(Status::unauthenticated("send a token as Bearer, or a name and a token as Basic")),
            Err(error) => Err(failed(&error)),
        }
    }

    fn reader(&self, token: &str, name: Option<&str>) -> Result<Asker, Status> {
        let found = self.0.store().state().reader_of_token(token).map_err(|error| failed(&error))?;
        let found = found.filter(|reader| name.is_none_or(|name| name == reader.name));
        let reader = found.ok_or_else(|| Status::unauthenticated("this token is not known here, or has ended"))?;
        Ok(Asker::reader(reader, "flight"))
    }
}

/// What those are given who may come in without a token: clients send on whatever the greeting gave them.
const ANYBODY: &str = "anybody";

fn failed(error: &annals_data::Error) -> Status {
    tracing::error!(%error, "a reader could not be looked up");
    Status::internal("the reader could not be looked up")
}

/// Reads a name and a token (RFC 7617).
fn basic(pair: &str) -> Result<(String, String), Status> {
    let flawed = || Status::unauthenticated("this is no name with a token");
    let text = String::from_utf8(BASE_64.decode(pair.trim()).map_err(|_| flawed())?).map_err(|_| flawed())?;
    text.split_once(':').map(|(name, token)| (name.to_owned(), token.to_owned())).ok_or_else(flawed)
}

/// Reads base 64 with its padding or without.
const BASE_64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_tokens_are_read() {
        assert_eq!(basic("Z3JhZmFuYTphbm5hbHNfcl8xMg==").unwrap(), ("grafana".into(), "annals_r_12".into()));
        assert_eq!(basic("Og").unwrap(), (String::new(), String::new()));
        for wrong in ["", "????", "Z3JhZmFuYQ==", "/////w=="] {
            assert!(basic(wrong).is_err(), "{wrong}");
        }
    }
}
