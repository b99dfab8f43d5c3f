//! Postgres' wire protocol, version 3: for psql, libpq, JDBC, and whatever stands on them.
//!
//! - `login`: who connects; `connection`, `extended`: how they ask; `statement`: what they may say besides questions;
//!   `cursor`: what they fetch in parts.
//! - `catalog`, `routine`, `texts`, `shim`: the catalogs and functions that clients look around by.
//! - `rewrite`: what is said in other words; `rows`, `cell`, `send`, `parameter`: values out and in; `cancel`, `setting`, `error`: the rest of the manners.
//!
//! The accept loop is here. What a question may do is decided by the desk.

mod cancel;
mod catalog;
mod cell;
mod connection;
mod cursor;
mod error;
mod extended;
mod login;
mod parameter;
mod rewrite;
mod routine;
mod rows;
mod send;
mod setting;
mod shim;
mod statement;
mod texts;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use annals_analytics::Warehouse;
use annals_analytics::outside::Desk;
use pgwire::api::PgWireServerHandlers;
use pgwire::api::auth::StartupHandler;
use pgwire::api::cancel::CancelHandler;
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use pgwire::tokio::process_socket;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Result;
use crate::tls::Tls;
use cancel::Cancels;
use catalog::Catalogs;
use connection::Connection;
use extended::Extended;
use login::Login;

/// Connections at once; one more is closed before it says anything.
const CONNECTIONS: usize = 512;
/// The protocol's name in TLS (ALPN).
const PROTOCOL: &[u8] = b"postgresql";

/// What a wire is served with.
#[derive(Clone)]
pub struct Setup {
    /// Where sessions come from, and who the readers are.
    pub warehouse: Arc<Warehouse>,
    /// Where questions are answered.
    pub desk: Arc<Desk>,
    /// The certificate.
    pub tls: Tls,
}

/// What the connections share.
struct Shared {
    warehouse: Arc<Warehouse>,
    desk: Arc<Desk>,
    catalogs: Catalogs,
    cancels: Arc<Cancels>,
    tls: Tls,
}

/// Serves connections until `shutdown` completes; those that are open then are closed.
///
/// # Errors
/// Returns the listener's error when accepting fails for good.
pub async fn serve(listener: TcpListener, setup: Setup, shutdown: impl Future<Output = ()>) -> Result<()> {
    let Setup { warehouse, desk, tls } = setup;
    let acceptor = tls.acceptor(PROTOCOL);
    let (catalogs, cancels) = (Catalogs::default(), Arc::default());
    let shared = Arc::new(Shared { warehouse, desk, catalogs, cancels, tls });
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => return Ok(()),
        };
        while connections.try_join_next().is_some() {}
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            // Too many open files, or a peer that is gone again: neither is a reason to stop.
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
        connections.spawn(async move {
            if let Err(error) = converse(socket, peer, shared, acceptor).await {
                tracing::debug!(%error, %peer, "a connection ended");
            }
            drop(place);
        });
    }
}

async fn converse(
    socket: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    acceptor: tokio_rustls::TlsAcceptor,
) -> Result<()> {
    let connection = Arc::new(Connection::new(Arc::clone(&shared)));
    let login = Arc::new(Login::new(Arc::clone(&connection), peer)?);
    let extended = Arc::new(Extended::new(Arc::clone(&connection)));
    let handlers = Handlers { connection, extended, login, cancels: Arc::clone(&shared.cancels) };
    Ok(process_socket(socket, Some(acceptor), handlers).await?)
}

/// What answers the messages of one connection.
struct Handlers {
    connection: Arc<Connection>,
    extended: Arc<Extended>,
    login: Arc<Login>,
    cancels: Arc<Cancels>,
}

impl PgWireServerHandlers for Handlers {
    fn simple_query_handler(&self) -> Arc<impl SimpleQueryHandler> {
        Arc::clone(&self.connection)
    }

    fn extended_query_handler(&self) -> Arc<impl ExtendedQueryHandler> {
        Arc::clone(&self.extended)
    }

    fn startup_handler(&self) -> Arc<impl StartupHandler> {
        Arc::clone(&self.login)
    }

    fn cancel_handler(&self) -> Arc<impl CancelHandler> {
        Arc::clone(&self.cancels)
    }
}
