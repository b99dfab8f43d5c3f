//! One connection: who is there, what was set, which cursors are open; and the simple way of asking.
//!
//! A simple message holds statements that run one after another; the other way is in `extended`. Both come here.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use annals_analytics::outside::{Asker, Error, Question};
use async_trait::async_trait;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser;
use datafusion::sql::sqlparser::ast::Statement;
use futures::{Sink, SinkExt, StreamExt, stream};
use pgwire::api::portal::Format;
use pgwire::api::query::{SimpleQueryHandler, send_ready_for_query};
use pgwire::api::results::{QueryResponse, Response, Tag};
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore, PgWireConnectionState};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::EmptyQueryResponse;
use pgwire::messages::simplequery::Query;

use super::Shared;
use super::cancel::Entry;
use super::cursor::Cursors;
use super::error::{failed, refused};
use super::rows::{Answer, texts};
use super::send::send;
use super::setting::Settings;
use super::statement::{File, Kind, Said, parse};

/// A connection.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    /// Who is there, once that is known.
    pub(super) asker: OnceLock<Asker>,
    pub(super) cancel: OnceLock<Entry>,
    settings: Mutex<Settings>,
    pub(super) cursors: Arc<Cursors>,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (asker, cancel) = (OnceLock::new(), OnceLock::new());
        Self { shared, asker, cancel, settings: Mutex::default(), cursors: Arc::default() }
    }

    fn asker(&self) -> PgWireResult<&Asker> {
        self.asker.get().ok_or_else(|| failed("28000", "nobody has logged in"))
    }

    pub(super) fn with_settings<T>(&self, f: impl FnOnce(&mut Settings) -> T) -> T {
        f(&mut self.settings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn context(&self) -> PgWireResult<(SessionContext, i64)> {
        let failed = |reason: String| refused(&Error::Internal(reason), "");
        let session = self.shared.warehouse.ready_session().await.map_err(|error| failed(error.to_string()))?;
        let asker = self.asker()?;
        let known = self.shared.catalogs.context(&self.shared.desk, &session, asker).await;
        let known = known.map_err(|error| failed(error.to_string()))?;
        let context = self.with_settings(|settings| known.settled(settings, &self.cursors, &asker.name));
        Ok((context, known.version))
    }

    pub(super) async fn plan(&self, statement: &Statement, text: &str) -> PgWireResult<Question> {
        let (context, version) = self.context().await?;
        let parsed = parser::Statement::Statement(Box::new(statement.clone()));
        let mut planned = self.shared.desk.plan_statement(&context, version, parsed, text).await;
        if let Err(Error::Query { place: place @ None, message }) = &mut planned
            && let Err(Error::Query { place: found, message: same }) =
                self.shared.desk.plan(&context, version, text).await.map(drop)
            && *message == same
        {
            // The parser for Postgres loses places; the engine's own still has them.
            *place = found;
        }
        planned.map_err(|error| refused(&error, text))
    }

    async fn planned(&self, planned: Option<Question>, statement: &Statement, text: &str) -> PgWireResult<Question> {
        match planned {
            Some(question) => Ok(question),
            None => self.plan(statement, text).await,
        }
    }

    async fn ask(&self, question: Question, format: &Format) -> PgWireResult<Answer> {
        let desk = &self.shared.desk;
        let entry = self.cancel.get().ok_or_else(|| failed("28000", "nobody has logged in"))?;
        let mut cancel = entry.watch();
        let text = question.text.clone();
        let time = self.with_settings(|settings| settings.timeout()).unwrap_or(Duration::MAX);
        let asked = desk.ask_within(self.asker()?, question, usize::MAX, time);
        let rows = tokio::select! {
            rows = asked => rows,
            _ = cancel.changed() => Err(Error::Cancelled),
        };
        Answer::new(rows.map_err(|error| refused(&error, &text))?, &text, format, cancel)
    }

    /// Does what a statement says; a question comes planned where it was prepared.
    pub(super) async fn answer(
        &self,
        said: Said,
        planned: Option<Question>,
        text: &str,
        format: &Format,
    ) -> PgWireResult<Response> {
        let tag = |tag: &str| Ok(Response::Execution(Tag::new(tag)));
        match said {
            Said::Question(statement) => {
                let question = self.planned(planned, &statement, text).await?;
                Ok(Response::Query(self.ask(question, format).await?.response()))
            }
            Said::Copy(statement, file) => self.copy(&statement, file, text).await,
            Said::Set(name, value) => {
                self.with_settings(|settings| settings.set(&name, &value)).map_err(|why| failed("22023", why))?;
                tag("SET")
            }
            Said::Reset(name) => {
                self.with_settings(|settings| settings.reset(&name)).map_err(|why| failed("22023", why))?;
                tag("RESET")
            }
            Said::Show(name) => self.show(&name),
            Said::Begin => Ok(Response::TransactionStart(Tag::new("BEGIN"))),
            Said::End(word) => {
                self.cursors.end();
                Ok(Response::TransactionEnd(Tag::new(word)))
            }
            Said::Declare { name, statement, is_held } => {
                let question = self.planned(planned, &statement, text).await?;
                self.declare(name, question, text, is_held).await
            }
            Said::Fetch(name, count) => self.fetch(&name, count, format).await,
            Said::Close(name) => {
                self.cursors.close(name.as_deref());
                tag("CLOSE CURSOR")
            }
            Said::Nothing(word) => {
                if word == "DISCARD ALL" {
                    self.cursors.close(None);
                    let _ = self.with_settings(|settings| settings.reset("all"));
                }
                tag(word)
            }
        }
    }

    async fn copy(&self, statement: &Statement, file: File, text: &str) -> PgWireResult<Response> {
        let question = self.plan(statement, text).await?;
        let format = Format::from(i16::from(file.kind == Kind::Binary));
        Ok(Response::CopyOut(self.ask(question, &format).await?.copied(file)))
    }

    fn show(&self, name: &str) -> PgWireResult<Response> {
        if name == "all" {
            let all = self.with_settings(|settings| settings.all());
            let rows = all.into_iter().map(|(name, value)| vec![name, value, String::new()]).collect();
            return texts(&["name", "setting", "description"], rows);
        }
        let value = self.with_settings(|settings| settings.get(name));
        let value = value.ok_or_else(|| failed("42704", format!("there is no setting \"{name}\"")))?;
        texts(&[name], vec![vec![value]])
    }

    async fn declare(&self, name: String, question: Question, text: &str, is_held: bool) -> PgWireResult<Response> {
        self.cursors.check(&name)?;
        let answer = self.ask(question, &Format::UnifiedText).await?;
        self.cursors.open(name, answer, text, is_held);
        Ok(Response::Execution(Tag::new("DECLARE CURSOR")))
    }

    async fn fetch(&self, name: &str, count: Option<usize>, format: &Format) -> PgWireResult<Response> {
        let busy = |_| failed("55006", format!("cursor \"{name}\" is being fetched by another portal"));
        let mut cursor = self.cursors.answer(name)?.try_lock_owned().map_err(busy)?;
        cursor.write_as(format)?;
        let fields = cursor.fields();
        let rows = stream::unfold(cursor, |mut cursor| async { Some((cursor.next().await?, cursor)) });
        let mut response = QueryResponse::new(fields, rows.take(count.unwrap_or(usize::MAX)));
        response.set_command_tag("FETCH");
        Ok(Response::Query(response))
    }
}

#[async_trait]
impl SimpleQueryHandler for Connection {
    async fn on_query<C>(&self, client: &mut C, query: Query) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        if !matches!(client.state(), PgWireConnectionState::ReadyForQuery) {
            return Err(PgWireError::NotReadyForQuery);
        }
        client.set_state(PgWireConnectionState::QueryInProgress);
        self.do_query(client, &query.query).await?;
        client.set_state(PgWireConnectionState::ReadyForQuery);
        send_ready_for_query(client, client.transaction_status()).await
    }

    /// Answers the statements of a message, and sends each answer before the next statement begins.
    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let all = parse(query)?;
        if all.is_empty() {
            client.feed(PgWireBackendMessage::EmptyQueryResponse(EmptyQueryResponse::new())).await?;
        }
        for said in all {
            let response = self.answer(said, None, query, &Format::UnifiedText).await?;
            send(client, response).await?;
        }
        Ok(vec![])
    }
}
