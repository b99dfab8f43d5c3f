//! One connection: who is there, what was set, which cursors are open; and the simple way of asking.
//!
//! A simple message holds statements that run one after another; the other way is in `extended`. Both come here.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use annals_analytics::outside::{Asker, Error, Question};
use async_trait::async_trait;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser;
use datafusion::sql::sqlparser::ast::Statement;
use futures::{Sink, Stream, StreamExt, stream};
use pgwire::api::portal::Format;
use pgwire::api::query::SimpleQueryHandler;
use pgwire::api::results::{FieldInfo, QueryResponse, Response, Tag};
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::data::DataRow;

use super::Shared;
use super::cancel::Entry;
use super::error::{failed, refused};
use super::rows::{Answer, texts};
use super::setting::Settings;
use super::statement::{File, Kind, Said, parse};

/// Cursors that one connection may hold open: each holds a query open.
const CURSORS: usize = 4;

/// A connection.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    /// Who is there, once that is known.
    pub(super) asker: OnceLock<Asker>,
    pub(super) cancel: OnceLock<Entry>,
    settings: Mutex<Settings>,
    cursors: tokio::sync::Mutex<HashMap<String, Answer>>,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (asker, cancel) = (OnceLock::new(), OnceLock::new());
        Self { shared, asker, cancel, settings: Mutex::default(), cursors: tokio::sync::Mutex::default() }
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
        let known = self.shared.catalogs.context(&self.shared.desk, &session, self.asker()?).await;
        let known = known.map_err(|error| failed(error.to_string()))?;
        Ok((self.with_settings(|settings| known.settled(settings)), known.version))
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
                let question = match planned {
                    Some(question) => question,
                    None => self.plan(&statement, text).await?,
                };
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
                self.close(None).await;
                Ok(Response::TransactionEnd(Tag::new(word)))
            }
            Said::Declare(name, statement) => self.declare(name, &statement, text).await,
            Said::Fetch(name, count) => self.fetch(&name, count, format).await,
            Said::Close(name) => {
                self.close(name.as_deref()).await;
                tag("CLOSE CURSOR")
            }
            Said::Nothing(word) => {
                if word == "DISCARD ALL" {
                    self.close(None).await;
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

    async fn declare(&self, name: String, statement: &Statement, text: &str) -> PgWireResult<Response> {
        let question = self.plan(statement, text).await?;
        let mut cursors = self.cursors.lock().await;
        if cursors.contains_key(&name) {
            return Err(failed("42P03", format!("cursor \"{name}\" already exists")));
        }
        if cursors.len() >= CURSORS {
            return Err(failed("53000", format!("a connection has at most {CURSORS} cursors")));
        }
        cursors.insert(name, self.ask(question, &Format::UnifiedText).await?);
        Ok(Response::Execution(Tag::new("DECLARE CURSOR")))
    }

    /// Closes a cursor, or all.
    async fn close(&self, name: Option<&str>) {
        let mut cursors = self.cursors.lock().await;
        match name {
            Some(name) => drop(cursors.remove(name)),
            None => cursors.clear(),
        }
    }

    async fn fetch(&self, name: &str, count: Option<usize>, format: &Format) -> PgWireResult<Response> {
        if matches!(format, Format::UnifiedBinary) {
            return Err(failed("0A000", "a cursor gives texts here"));
        }
        let mut cursors = self.cursors.lock().await;
        let missing = || failed("34000", format!("cursor \"{name}\" does not exist"));
        let cursor = cursors.get_mut(name).ok_or_else(missing)?;
        let fields = cursor.fields();
        let rows = stream::unfold(cursor, |cursor| async { Some((cursor.next().await?, cursor)) });
        let rows = self.held(rows.take(count.unwrap_or(usize::MAX))).await?;
        let mut response = QueryResponse::new(fields, rows);
        response.set_command_tag("FETCH");
        Ok(Response::Query(response))
    }

    /// Returns the columns of a cursor.
    pub(super) fn cursor_fields(&self, name: &str) -> Option<Arc<Vec<FieldInfo>>> {
        self.cursors.try_lock().ok()?.get(name).map(Answer::fields)
    }

    /// Returns an answer with all its rows taken.
    async fn whole(&self, mut answer: QueryResponse) -> PgWireResult<QueryResponse> {
        let tag = answer.command_tag().to_owned();
        let rows = self.held(answer.data_rows()).await?;
        let mut whole = QueryResponse::new(answer.row_schema(), rows);
        whole.set_command_tag(&tag);
        Ok(whole)
    }

    /// Takes rows into memory, as far as that is allowed.
    async fn held(
        &self,
        rows: impl Stream<Item = PgWireResult<DataRow>>,
    ) -> PgWireResult<impl Stream<Item = PgWireResult<DataRow>> + Send + 'static> {
        let (mut held, mut size) = (Vec::new(), 0);
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = rows.next().await {
            let row = row?;
            size += row.data.len();
            if size > self.shared.held {
                return Err(failed("54000", "ask for fewer rows at once"));
            }
            held.push(Ok(row));
        }
        Ok(stream::iter(held))
    }
}

#[async_trait]
impl SimpleQueryHandler for Connection {
    async fn do_query<C>(&self, _: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let mut responses = Vec::new();
        let mut all = parse(query)?.into_iter().peekable();
        while let Some(said) = all.next() {
            let mut response = self.answer(said, None, query, &Format::UnifiedText).await?;
            // Answers are sent when all are begun: one that was held open would hold up those after it for ever.
            if all.peek().is_some()
                && let Response::Query(rows) = response
            {
                response = Response::Query(self.whole(rows).await?);
            }
            responses.push(response);
        }
        if responses.is_empty() {
            responses.push(Response::EmptyQuery);
        }
        Ok(responses)
    }
}
