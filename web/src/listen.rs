//! The port, which waits for nobody for ever: a connection whose next request does not begin and end its head in time
//! is closed.
//!
//! Without that, whoever sends a byte now and then holds as many connections as there are. How long a body and an
//! answer may take is bounded where they are read and made.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep};

/// The time for the head of a request, from the connection's beginning or the answer before it.
const HEAD: Duration = Duration::from_secs(30);
/// How a head ends.
const END: &[u8] = b"\r\n\r\n";

/// A port with that rule.
pub(crate) struct Patient {
    listener: TcpListener,
    head: Duration,
}

impl Patient {
    /// Returns the port of a listener.
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self { listener, head: HEAD }
    }
}

impl Listener for Patient {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // The listener's own way with errors of single connections.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let (time, waiting) = (self.head, Box::pin(sleep(self.head)));
        (Connection { stream, time, waiting, matched: 0, is_head: true }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection.
pub(crate) struct Connection {
    stream: TcpStream,
    time: Duration,
    waiting: Pin<Box<Sleep>>,
    /// How much of the end of a head was read last.
    matched: usize,
    /// A head is awaited.
    is_head: bool,
}

impl Connection {
    /// Sees what was read of a head.
    fn see(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.matched = match self.matched {
                matched if END[matched] == *byte => matched + 1,
                _ => usize::from(*byte == END[0]),
            };
            if self.matched == END.len() {
                (self.is_head, self.matched) = (false, 0);
                return;
            }
        }
    }

    /// An answer is written: what comes after it is a head.
    fn answered(&mut self) {
        let end = Instant::now() + self.time;
        self.waiting.as_mut().reset(end);
        (self.is_head, self.matched) = (true, 0);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.is_head {
            self.see(&buffer.filled()[before..]);
        }
        // Looked at also when bytes came: a head may come byte by byte.
        if self.is_head && self.waiting.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.answered();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.answered();
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn whoever_never_ends_a_head_is_let_go_and_others_are_served() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let port = Patient { listener, head: Duration::from_millis(300) };
        let site = axum::Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(async { axum::serve(port, site).await });
        let (mut read, mut slow) = TcpStream::connect(address).await.unwrap().into_split();
        let drip = tokio::spawn(async move {
            // A byte now and then, until the other side has gone.
            while slow.write_all(b"G").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let mut other = TcpStream::connect(address).await.unwrap();
        for _ in 0..3 {
            other.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            let mut answer = [0; 400];
            let length = other.read(&mut answer).await.unwrap();
            assert!(String::from_utf8_lossy(&answer[..length]).ends_with("here"));
        }
        let mut told = Vec::new();
        let _ = read.read_to_end(&mut told).await;
        drip.await.unwrap();
        // Who says nothing after an answer is let go, too.
        let mut rest = Vec::new();
        assert_eq!(other.read_to_end(&mut rest).await.unwrap_or(0), 0);
    }
}
