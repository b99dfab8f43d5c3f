//! `annals serve`: pages, charts and SQL over HTTP, uploads, and mail about what opens or ends meanwhile.

use std::sync::Arc;
use std::time::Duration;

use annals_analytics::Warehouse;
use annals_analytics::saved::Library;
use annals_collector::CancellationFlag;
use annals_collector::intake::{self, Behind, Intake, Setup};
use annals_data::store::{Ingest, Receipt, Store};
use annals_web::App;
use anyhow::{Context, Result};
use chrono::Utc;
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::watch::{self, Watcher};
use super::{bisect, desk, mail, upkeep, wires};
use crate::cli::{self, Cli};
use crate::config::{self, Config};
use crate::interrupt;

/// How often the store is looked at for what other processes wrote.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often mail is looked for that is due.
const MAIL_EVERY: Duration = Duration::from_secs(2);

/// What is acknowledged is on disk; when the server ends it is still given this time to be committed.
const SETTLE: Duration = Duration::from_secs(10);

/// The warehouse as uploads see it.
struct Door(Arc<Warehouse>);

impl Behind for Door {
    fn store(&self) -> &Store {
        self.0.store()
    }

    fn commit(&self, ingests: Vec<Ingest>) -> BoxFuture<'_, Result<Receipt, String>> {
        Box::pin(async { self.0.commit(ingests).await.map_err(|error| error.to_string()) })
    }
}

/// Runs the command.
pub(super) async fn run(options: &cli::Serve, cli: &Cli, config: &Config) -> Result<()> {
    let listen = options.listen.as_deref().or(config.listen.as_deref()).unwrap_or(config::LISTEN);
    // The port first: who cannot listen should say so before a large store is opened.
    let listener = bind(listen).await?;
    let wires = Wires {
        postgres: maybe_bind(options.postgres.as_ref().or(config.postgres.as_ref())).await?,
        flight: maybe_bind(options.flight.as_ref().or(config.flight.as_ref())).await?,
    };
    let warehouse = Arc::new(super::open(cli, config).await?);
    serve(warehouse, listener, wires, config).await
}

/// Where protocols other than HTTP listen.
#[derive(Default)]
pub(super) struct Wires {
    pub(super) postgres: Option<TcpListener>,
    pub(super) flight: Option<TcpListener>,
}

async fn maybe_bind(address: Option<&String>) -> Result<Option<TcpListener>> {
    match address {
        Some(address) => Ok(Some(bind(address).await?)),
        None => Ok(None),
    }
}

/// Takes the address.
pub(super) async fn bind(listen: &str) -> Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))
}

/// Serves until the process is asked to end.
pub(super) async fn serve(
    warehouse: Arc<Warehouse>,
    listener: TcpListener,
    wires: Wires,
    config: &Config,
) -> Result<()> {
    config.mail.as_ref().map_or(Ok(()), mail::check)?;
    let address = listener.local_addr()?;
    anstream::eprintln!("listening on http://{address}");
    let desk = desk::open(&warehouse, config.sql.bounds()?)?;
    let known = warehouse.clone();
    let doorman = Box::new(move |token: &str| desk::asker(known.store().state(), token, "http"));
    let limits = annals_web::Limits::default();
    let library = Library::new(Some(warehouse.clone()), config.queries.clone());
    let app = App::of(warehouse.clone(), warehouse.store().log_folder(), limits, desk.clone(), doorman);
    let app = app.with_library(library.clone()).with_interface(intake::OPENAPI);
    let wires = wires::begin(&warehouse, &desk, wires, config)?;
    let mut site = annals_web::router(app);
    let (bounds, secrets) = (config.intake.clone(), config.hook.clone());
    let setup = Setup { bounds, limits: config.report, secrets, is_local: address.ip().is_loopback() };
    let intake = Intake::open(&warehouse.store().root().join("spool"), Door(warehouse.clone()), setup);
    match &intake {
        Ok(intake) => site = site.merge(intake.router()),
        // Several may show one store; one of them takes in.
        Err(error) => anstream::eprintln!("no uploads here: {error}"),
    }
    // Ends with this function, whatever way it ends.
    let mut tasks = JoinSet::new();
    tasks.spawn(show(warehouse.clone()));
    tasks.spawn(judge(warehouse.clone()));
    tasks.spawn(upkeep::run(warehouse.clone(), config.upkeep()?));
    let hunting = CancellationFlag::default();
    if config.bisect.is_some() {
        tasks.spawn(bisect::automatic::keep(warehouse.clone(), Arc::new(config.clone()), hunting.clone()));
    }
    tasks.spawn(look(Watcher { warehouse: warehouse.clone(), library, desk }, config.mail.clone()));
    if let Some(settings) = config.mail.clone() {
        tasks.spawn(notify(warehouse, settings));
    }
    annals_web::serve(site, listener, interrupt::asked()).await;
    hunting.cancel();
    tasks.abort_all();
    wires.end().await;
    if let Ok(intake) = intake
        && !intake.settle(SETTLE).await
    {
        anstream::eprintln!("uploads wait in the spool; the next `annals serve` commits them");
    }
    Ok(())
}

/// Keeps the newest version ready, so that nobody waits for it.
async fn show(warehouse: Arc<Warehouse>) {
    let mut news = warehouse.news();
    loop {
        news.wait(LOOK_EVERY).await;
        if let Err(error) = warehouse.show().await {
            tracing::error!("{error}");
        }
    }
}

/// Judges the newest version; others may be shown meanwhile.
async fn judge(warehouse: Arc<Warehouse>) {
    let mut news = warehouse.news();
    loop {
        if let Err(error) = warehouse.judge().await {
            tracing::error!("{error}");
        }
        news.wait(LOOK_EVERY).await;
    }
}

/// Asks saved queries when it is time for them.
async fn look(watcher: Watcher, settings: Option<config::Mail>) {
    loop {
        let round = async {
            let session = watcher.warehouse.judged_session().await?;
            watch::round(&watcher, &session, settings.as_ref(), false).await
        };
        if let Err(error) = round.await {
            tracing::error!("saved queries: {error:#}");
        }
        tokio::time::sleep(MAIL_EVERY).await;
    }
}

/// Sends the mail that is due. A mail server that is slow keeps nobody from seeing what is new.
async fn notify(warehouse: Arc<Warehouse>, settings: config::Mail) {
    let mut seen = None;
    loop {
        let round = async {
            let session = warehouse.judged_session().await?;
            if seen != Some(session.version) {
                mail::write_due(&warehouse, &session, &settings).await?;
                seen = Some(session.version);
            }
            mail::deliver(&warehouse, &settings, Utc::now().timestamp_micros()).await
        };
        if let Err(error) = round.await {
            tracing::error!("{error:#}");
        }
        tokio::time::sleep(MAIL_EVERY).await;
    }
}
