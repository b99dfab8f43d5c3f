//! The extended way of asking: a statement is prepared, values are bound to it, rows are fetched as they are wanted.

use std::fmt::Debug;
use std::sync::Arc;

use annals_analytics::outside::Question;
use async_trait::async_trait;
use futures::Sink;
use pgwire::api::portal::{Format, Portal};
use pgwire::api::query::{ExtendedQueryHandler, send_describe_response};
use pgwire::api::results::{DescribePortalResponse, FieldInfo, Response};
use pgwire::api::stmt::QueryParser;
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore, Type};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::extendedquery::{Describe, TARGET_TYPE_BYTE_PORTAL};

use super::connection::Connection;
use super::error::{failed, refused};
use super::parameter;
use super::rows::{fields, text_field};
use super::send::send_file;
use super::statement::{Said, parse};

/// A prepared statement.
#[derive(Clone)]
pub(super) struct Prepared {
    said: Said,
    /// What it asks, if it asks anything.
    question: Option<Question>,
    text: String,
}

/// The extended side of a connection.
pub(super) struct Extended {
    preparer: Arc<Preparer>,
}

impl Extended {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        Self { preparer: Arc::new(Preparer(connection)) }
    }
}

#[async_trait]
impl ExtendedQueryHandler for Extended {
    type Statement = Prepared;
    type QueryParser = Preparer;

    fn query_parser(&self) -> Arc<Preparer> {
        Arc::clone(&self.preparer)
    }

    async fn on_describe<C>(&self, client: &mut C, message: Describe) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        // A cursor that a statement declared is a portal, too.
        if message.target_type == TARGET_TYPE_BYTE_PORTAL
            && let Some(name) = &message.name
            && let Some(fields) = self.preparer.0.cursors.fields(name, &Format::UnifiedText)
        {
            return send_describe_response(client, &DescribePortalResponse::new(fields?)).await;
        }
        self._on_describe(client, message).await
    }

    async fn do_query<C>(&self, client: &mut C, portal: &Portal<Prepared>, _: usize) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let Prepared { said, question, text } = &portal.statement.statement;
        let question = match question {
            Some(question) => {
                let values = parameter::values(question, portal)?;
                Some(question.clone().bind(values).map_err(|error| refused(&error, text))?)
            }
            None => None,
        };
        match self.preparer.0.answer(said.clone(), question, text, &portal.result_column_format).await? {
            Response::CopyOut(file) => send_file(client, file).await.map(Response::Execution),
            other => Ok(other),
        }
    }
}

/// Prepares the statements of a connection.
pub(super) struct Preparer(Arc<Connection>);

#[async_trait]
impl QueryParser for Preparer {
    type Statement = Prepared;

    async fn parse_sql<C>(&self, _: &C, text: &str, _: &[Option<Type>]) -> PgWireResult<Option<Prepared>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let mut all = parse(text)?;
        let Some(said) = all.pop() else { return Ok(None) };
        if !all.is_empty() {
            return Err(failed("42601", "cannot insert multiple commands into a prepared statement"));
        }
        let question = match &said {
            Said::Question(statement) | Said::Declare { statement, .. } => Some(self.0.plan(statement, text).await?),
            _ => None,
        };
        Ok(Some(Prepared { said, question, text: text.to_owned() }))
    }

    fn get_parameter_types(&self, prepared: &Prepared) -> PgWireResult<Vec<Type>> {
        prepared.question.as_ref().map_or(Ok(vec![]), parameter::types)
    }

    fn get_result_schema(&self, prepared: &Prepared, format: Option<&Format>) -> PgWireResult<Vec<FieldInfo>> {
        let format = format.unwrap_or(&Format::UnifiedText);
        Ok(match &prepared.said {
            Said::Question(_) => match &prepared.question {
                Some(question) => fields(question.plan.schema().as_arrow(), format)?,
                None => vec![],
            },
            Said::Show(name) if name == "all" => ["name", "setting", "description"].map(text_field).into(),
            Said::Show(name) => vec![text_field(name)],
            Said::Fetch(name, _) => self.0.cursors.fields(name, format).transpose()?.unwrap_or_default(),
            _ => vec![],
        })
    }
}
