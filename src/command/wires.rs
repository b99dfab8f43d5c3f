//! The protocols beside HTTP: begun with the site, ended with it.

use std::sync::Arc;

use annals_analytics::Warehouse;
use annals_analytics::outside::Desk;
use annals_wire::tls::{Certificate, Tls};
use annals_wire::{flight, postgres};
use anyhow::Result;
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::serve::Wires;
use crate::config::Config;

/// The protocols that are being served.
pub(super) struct Served {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Begins to serve what listens.
pub(super) fn begin(warehouse: &Arc<Warehouse>, desk: &Arc<Desk>, wires: Wires, config: &Config) -> Result<Served> {
    let mut served = Served { stop: watch::channel(false).0, tasks: JoinSet::new() };
    if let Some(listener) = wires.postgres {
        let setup = setup(warehouse, desk, config, &listener)?;
        anstream::eprintln!("listening on postgres://{}/annals", listener.local_addr()?);
        served.spawn("Postgres", |stopped| postgres::serve(listener, setup, stopped));
    }
    if let Some(listener) = wires.flight {
        let setup = setup(warehouse, desk, config, &listener)?;
        anstream::eprintln!("listening on grpc://{}", listener.local_addr()?);
        served.spawn("Flight", |stopped| flight::serve(listener, setup, stopped));
    }
    Ok(served)
}

fn setup(
    warehouse: &Arc<Warehouse>,
    desk: &Arc<Desk>,
    config: &Config,
    listener: &TcpListener,
) -> Result<postgres::Setup> {
    Ok(postgres::Setup { warehouse: warehouse.clone(), desk: desk.clone(), tls: tls(warehouse, config, listener)? })
}

impl Served {
    fn spawn<F>(&mut self, name: &'static str, serve: impl FnOnce(BoxFuture<'static, ()>) -> F)
    where
        F: Future<Output = annals_wire::Result<()>> + Send + 'static,
    {
        let mut stop = self.stop.subscribe();
        let serving = serve(Box::pin(async move { drop(stop.changed().await) }));
        self.tasks.spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "no more {name}");
            }
        });
    }

    /// Ends all of them.
    pub(super) async fn end(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Returns the certificate that is configured, or that of the store, made for the address that is listened on.
fn tls(warehouse: &Warehouse, config: &Config, listener: &TcpListener) -> Result<Tls> {
    if let Some(given) = &config.tls {
        return Ok(Tls::read(&Certificate { chain: given.certificate.clone(), key: given.key.clone() })?);
    }
    let address = listener.local_addr()?.ip();
    let named = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut names = vec![named];
    if !address.is_unspecified() {
        names.push(address.to_string());
    }
    Ok(Tls::own(&warehouse.store().root().join("tls"), &names)?)
}
