//! Who connects: anybody from this machine while there are no readers, and readers by SCRAM-SHA-256 ever after.
//!
//! From elsewhere only TLS is spoken: the password would be safe without it, the answers would not.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, OnceLock};

use annals_analytics::Warehouse;
use annals_analytics::outside::{Asker, PATH};
use async_trait::async_trait;
use futures::Sink;
use pgwire::api::auth::sasl::SASLAuthStartupHandler;
use pgwire::api::auth::sasl::scram::ScramAuth;
use pgwire::api::auth::{
    AuthSource, DefaultServerParameterProvider, LoginInfo, Password, StartupHandler, finish_authentication,
    protocol_negotiation, save_startup_parameters_to_metadata,
};
use pgwire::api::{
    ClientInfo, METADATA_USER, PgWireConnectionState, PidSecretKeyGenerator, RandomPidSecretKeyGenerator,
};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};

use super::Shared;
use super::connection::Connection;
use super::error::fatal;
use super::setting::SERVER_VERSION;
use crate::Result;

/// Numbers and secrets of connections; one for all, so that no number is given twice.
static NUMBERS: LazyLock<Arc<RandomPidSecretKeyGenerator>> = LazyLock::new(Arc::default);

/// What lets one connection in.
pub(super) struct Login {
    connection: Arc<Connection>,
    peer: SocketAddr,
    /// Anybody may come in.
    is_open: bool,
    /// What asks for a proof, once it is known whether there is TLS.
    scram: OnceLock<SASLAuthStartupHandler<DefaultServerParameterProvider>>,
    /// Who it is, if the proof is right.
    claimed: Arc<OnceLock<Asker>>,
    parameters: Arc<DefaultServerParameterProvider>,
}

impl Login {
    /// Decides how a peer has to prove itself.
    pub(super) fn new(connection: Arc<Connection>, peer: SocketAddr) -> Result<Self> {
        let warehouse = &connection.shared.warehouse;
        let parameters = Arc::new(parameters());
        let claimed = Arc::new(OnceLock::new());
        let is_open = peer.ip().is_loopback() && !warehouse.store().state().has_readers()?;
        Ok(Self { connection, peer, is_open, scram: OnceLock::new(), claimed, parameters })
    }

    /// Returns what asks for a proof; without TLS there is nothing that a password could be bound to.
    fn scram(&self, is_secure: bool) -> SASLAuthStartupHandler<DefaultServerParameterProvider> {
        let Shared { warehouse, tls, .. } = self.connection.shared.as_ref();
        let readers = Readers { warehouse: Arc::clone(warehouse), claimed: Arc::clone(&self.claimed) };
        let mut scram = ScramAuth::new(Arc::new(readers));
        // Without a certificate to bind to, clients prove themselves without binding.
        if is_secure && let Err(error) = scram.configure_certificate(&tls.pem) {
            tracing::debug!(%error, "no channel binding");
        }
        SASLAuthStartupHandler::new(Arc::clone(&self.parameters))
            .with_scram(scram)
            .with_pid_secret_key_generator(NUMBERS.clone())
    }

    /// Opens the session of whoever is in now.
    fn admit<C: ClientInfo>(&self, client: &C) -> PgWireResult<()> {
        let asker = match self.is_open {
            true => Asker::anybody(user(client), "postgres"),
            false => self.claimed.get().cloned().ok_or_else(|| fatal("28000", "nobody has logged in"))?,
        };
        let (pid, secret) = client.pid_and_secret_key();
        let entry = self.connection.shared.cancels.enter(pid, &secret);
        let _ = (self.connection.asker.set(asker), self.connection.cancel.set(entry));
        self.connection.with_settings(|settings| settings.begin(client.metadata()));
        Ok(())
    }
}

/// Returns the name that a client says it has.
fn user<C: ClientInfo>(client: &C) -> String {
    client.metadata().get(METADATA_USER).cloned().unwrap_or_default()
}

fn parameters() -> DefaultServerParameterProvider {
    let mut parameters = DefaultServerParameterProvider::default();
    parameters.server_version = format!("{SERVER_VERSION} (Annals)");
    parameters.search_path = PATH.join(", ");
    parameters.is_superuser = false;
    parameters.default_transaction_read_only = true;
    parameters.time_zone = "UTC".into();
    parameters
}

#[async_trait]
impl StartupHandler for Login {
    async fn on_startup<C>(&self, client: &mut C, message: PgWireFrontendMessage) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        if !client.is_secure() && !self.peer.ip().is_loopback() {
            return Err(fatal("28000", "connect with sslmode=require"));
        }
        match (self.is_open, message) {
            (false, message) => {
                let scram = self.scram.get_or_init(|| self.scram(client.is_secure()));
                match scram.on_startup(client, message).await {
                    // Clients leave the name out of their proof.
                    Err(PgWireError::InvalidPassword(_)) => Err(PgWireError::InvalidPassword(user(client)))?,
                    done => done?,
                }
            }
            (true, PgWireFrontendMessage::Startup(startup)) => {
                protocol_negotiation(client, &startup).await?;
                save_startup_parameters_to_metadata(client, &startup);
                let (pid, secret) = NUMBERS.generate(client);
                client.set_pid_and_secret_key(pid, secret);
                finish_authentication(client, self.parameters.as_ref()).await?;
            }
            (true, _) => return Err(fatal("08P01", "a connection begins with a startup message")),
        }
        match client.state() {
            PgWireConnectionState::ReadyForQuery => self.admit(client),
            _ => Ok(()),
        }
    }
}

/// The readers of a store.
struct Readers {
    warehouse: Arc<Warehouse>,
    claimed: Arc<OnceLock<Asker>>,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

#[async_trait]
impl AuthSource for Readers {
    async fn get_password(&self, login: &LoginInfo) -> PgWireResult<Password> {
        let name = login.user().unwrap_or_default();
        let found = self.warehouse.store().state().reader_of_name(name).map_err(|error| {
            tracing::error!(%error, "a reader could not be looked up");
            fatal("XX000", "the reader could not be looked up")
        })?;
        let Some((reader, verifier)) = found else { return Ok(nobody(name)) };
        let _ = self.claimed.set(Asker::reader(reader, "postgres"));
        Ok(Password::new(Some(verifier.salt), verifier.key))
    }
}

/// Returns a verifier that no password fits, always the same for a name: a refusal must not tell whether it exists.
fn nobody(name: &str) -> Password {
    static SECRET: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    let salt = format!("{:016x}", SECRET.hash_one(name));
    let key = format!("{:016x}{:016x}", SECRET.hash_one((name, 1)), SECRET.hash_one((name, 2)));
    Password::new(Some(salt.into_bytes()), key.into_bytes())
}
