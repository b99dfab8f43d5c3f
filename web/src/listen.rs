//! The port, which waits for nobody for ever: a connection whose next request does not begin and end its head in time
//! is closed.
//!
//! Without that, whoever sends a byte now and then holds as many connections as there are. How long a body and an
//! answer may take is bounded where they are read and made.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The time for the head of a request, from the connection's beginning or the end of what was before it.
pub(crate) const HEAD: Duration = Duration::from_secs(30);

/// Serves `site` until `shutdown` completes, then finishes the requests under way; each head has to come within `head`.
pub(crate) async fn serve(site: Router, mut listener: TcpListener, head: Duration, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    let (end, _) = watch::channel(());
    loop {
        // The listener's own way with errors of single connections.
        let stream = tokio::select! {
            (stream, _) = Listener::accept(&mut listener) => stream,
            () = &mut shutdown => break,
        };
        tokio::spawn(connection(site.clone(), stream, head, end.subscribe()));
    }
    drop(listener);
    end.send_replace(());
    end.closed().await;
}

/// Answers what comes by one connection, until `end` is told.
async fn connection(site: Router, stream: TcpStream, head: Duration, mut end: watch::Receiver<()>) {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(head);
    let mut served = pin!(protocol.serve_connection(TokioIo::new(stream), TowerToHyperService::new(site)));
    let result = tokio::select! {
        result = served.as_mut() => result,
        _ = end.changed() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = result {
        tracing::trace!("a connection ended: {error}");
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::body::{Body, Bytes};
    use axum::routing::{get, post};
    use futures::{StreamExt, stream};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::*;

    const SHORT: Duration = Duration::from_millis(300);

    /// Serves a few addresses until it is told to end.
    async fn begin() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let end = async || {
            tokio::time::sleep(3 * SHORT).await;
            Ok::<_, std::convert::Infallible>("end")
        };
        let slow =
            move || async move { Body::from_stream(stream::once(async { Ok("begin,") }).chain(stream::once(end()))) };
        let site = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/length", post(|body: Bytes| async move { body.len().to_string() }))
            .route("/slow", get(slow));
        let (end, ended) = oneshot::channel();
        let serving = tokio::spawn(serve(site, listener, SHORT, async { drop(ended.await) }));
        (address, end, serving)
    }

    async fn said(stream: &mut TcpStream) -> String {
        let mut told = vec![0; 400];
        let length = stream.read(&mut told).await.unwrap();
        String::from_utf8_lossy(&told[..length]).into_owned()
    }

    #[tokio::test]
    async fn whoever_never_ends_a_head_is_let_go_and_others_are_served() {
        let (address, _end, _) = begin().await;
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
            assert!(said(&mut other).await.ends_with("here"));
        }
        let mut told = Vec::new();
        let _ = read.read_to_end(&mut told).await;
        drip.await.unwrap();
        // Who says nothing after an answer is let go, too, and who never says anything.
        let mut silent = TcpStream::connect(address).await.unwrap();
        for stream in [&mut other, &mut silent] {
            assert_eq!(stream.read_to_end(&mut Vec::new()).await.unwrap_or(0), 0);
        }
    }

    #[tokio::test]
    async fn a_body_that_was_waited_for_may_take_its_time() {
        let (address, _end, _) = begin().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = "POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        assert!(said(&mut stream).await.starts_with("HTTP/1.1 100"));
        for _ in 0..10 {
            tokio::time::sleep(SHORT / 4).await;
            stream.write_all(b"\n").await.unwrap();
        }
        assert!(said(&mut stream).await.ends_with("\r\n10"));
    }

    #[tokio::test]
    async fn an_answer_under_way_may_pause_and_is_finished_when_the_site_ends() {
        let (address, end, serving) = begin().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let begun = said(&mut stream).await;
        end.send(()).unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert!((begun + &rest).contains("begin,") && rest.contains("end"), "{rest}");
        serving.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
