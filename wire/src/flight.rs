//! Arrow Flight SQL: whole columns over gRPC, for ADBC and whatever stands on it.
//!
//! - `door`: who connects, by TLS or from this machine; `handle`: what a client holds between two calls.
//! - `catalog`: schemas, tables and what the server says of itself; `service`: the calls of the protocol.
//!
//! Nothing is kept between calls: a handle holds the query itself, and its parameters.

mod catalog;
mod door;
mod handle;
mod service;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use annals_analytics::outside::{Asker, Error as Refusal, Question, Rows};
use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::FlightServiceServer;
use arrow_flight::sql::metadata::{SqlInfoData, XdbcTypeInfoData};
use arrow_flight::sql::{ProstMessageExt, TicketStatementQuery};
use arrow_flight::{
    FlightData, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeResponse, IpcMessage, SchemaAsIpc, Ticket,
};
use futures::stream::{self, Stream, TryStreamExt};
use prost::Message;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::Result;
use crate::postgres::Setup;
use door::Door;
use handle::Handle;

/// Bytes of a message that a client sends: a query, or values for it.
const MESSAGE: usize = 4 << 20;

/// Serves calls until `shutdown` completes; those under way are then finished.
///
/// # Errors
/// Returns the transport's error when accepting fails for good.
pub async fn serve(listener: TcpListener, setup: Setup, shutdown: impl Future<Output = ()>) -> Result<()> {
    let incoming = door::incoming(listener, setup.tls.acceptor(b"h2"));
    let wire = Wire { infos: catalog::infos()?, types: catalog::types()?, door: Door(setup.warehouse.clone()), setup };
    let service = FlightServiceServer::new(wire).max_decoding_message_size(MESSAGE);
    let served = Server::builder().add_service(service).serve_with_incoming_shutdown(incoming, shutdown);
    served.await.map_err(|error| crate::Error::Io(std::io::Error::other(error)))
}

/// The service.
struct Wire {
    setup: Setup,
    door: Door,
    infos: SqlInfoData,
    types: XdbcTypeInfoData,
}

type Flight = Pin<Box<dyn Stream<Item = Result<FlightData, Status>> + Send>>;
type Greeting = Pin<Box<dyn Stream<Item = Result<HandshakeResponse, Status>> + Send>>;

impl Wire {
    async fn plan(&self, asker: &Asker, text: &str) -> Result<Question, Status> {
        let session = self.setup.warehouse.ready_session().await.map_err(|error| told(Refusal::internal(error)))?;
        let context = self.setup.desk.context(&session, asker, vec![]).map_err(told)?;
        self.setup.desk.plan(&context, session.version, text).await.map_err(told)
    }

    /// Returns what a query gives, without asking it.
    async fn describe<T>(&self, request: &Request<T>, handle: &Handle) -> Result<Question, Status> {
        let asker = self.door.asker(request)?;
        let question = self.plan(&asker, &handle.text).await?;
        match handle.values()? {
            Some(values) => question.bind(values).map_err(told),
            None => Ok(question),
        }
    }

    async fn info(&self, request: Request<FlightDescriptor>, handle: &Handle) -> Result<Response<FlightInfo>, Status> {
        let question = self.describe(&request, handle).await?;
        let ticket = TicketStatementQuery { statement_handle: handle.bytes() };
        info(&announced(question.plan.schema().as_arrow()), ticket.as_any().encode_to_vec(), request.into_inner())
    }

    async fn answer<T>(&self, request: Request<T>, handle: &Handle) -> Result<Response<Flight>, Status> {
        let asker = self.door.asker(&request)?;
        let question = self.describe(&request, handle).await?;
        let schema = Arc::new(announced(question.plan.schema().as_arrow()));
        let rows = self.setup.desk.ask(&asker, question, usize::MAX).await.map_err(told)?;
        Ok(Response::new(flight(schema.clone(), batches(rows, schema))))
    }

    async fn catalog<T>(&self, request: &Request<T>) -> Result<datafusion::prelude::SessionContext, Status> {
        let asker = self.door.asker(request)?;
        let session = self.setup.warehouse.ready_session().await.map_err(|error| told(Refusal::internal(error)))?;
        self.setup.desk.context(&session, &asker, vec![]).map_err(told)
    }
}

/// Says why there is no answer.
fn told(error: Refusal) -> Status {
    let text = match error.place() {
        Some((line, column)) => format!("{error} (line {line}, column {column})"),
        None => error.to_string(),
    };
    match error {
        Refusal::Query { .. } => Status::invalid_argument(text),
        Refusal::Refused(_) => Status::permission_denied(text),
        Refusal::Timeout(_) => Status::deadline_exceeded(text),
        Refusal::TooLarge(_) => Status::resource_exhausted(text),
        Refusal::Busy => Status::unavailable(text),
        Refusal::Cancelled => Status::cancelled(text),
        Refusal::Internal(reason) => {
            tracing::error!(%reason, "a query failed");
            Status::internal(text)
        }
    }
}

/// Returns the columns as they are told before anything is computed: what runs may represent texts in another way, and
/// knows better what is never null.
fn announced(schema: &Schema) -> Schema {
    let kind = |kind: &DataType| match kind {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    };
    let field = |field: &Arc<Field>| Field::new(field.name(), kind(field.data_type()), true);
    Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>())
}

fn batches(rows: Rows, schema: SchemaRef) -> impl Stream<Item = Result<RecordBatch, FlightError>> + Send + 'static {
    let failed = |status: Status| FlightError::Tonic(Box::new(status));
    stream::unfold(Some((rows, schema)), move |state| async move {
        let (mut rows, schema) = state?;
        match rows.next().await {
            Some(Ok(batch)) => Some((conformed(&batch, &schema), Some((rows, schema)))),
            Some(Err(error)) => Some((Err(failed(told(error))), None)),
            // A cut answer must not pass for whole.
            None if rows.is_truncated() => {
                let cut = "the answer has more rows than are let out; ask for fewer, by LIMIT or WHERE";
                Some((Err(failed(Status::resource_exhausted(cut))), None))
            }
            None => None,
        }
    })
}

fn conformed(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, FlightError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<Vec<_>, _>>()?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}

fn flight(schema: SchemaRef, batches: impl Stream<Item = Result<RecordBatch, FlightError>> + Send + 'static) -> Flight {
    Box::pin(FlightDataEncoderBuilder::new().with_schema(schema).build(batches).map_err(Status::from))
}

/// Returns one batch.
fn flown(batch: Result<RecordBatch, FlightError>) -> Result<Response<Flight>, Status> {
    let batch = batch.map_err(Status::from)?;
    Ok(Response::new(flight(batch.schema(), stream::iter([Ok(batch)]))))
}

fn info(schema: &Schema, ticket: Vec<u8>, descriptor: FlightDescriptor) -> Result<Response<FlightInfo>, Status> {
    let endpoint = FlightEndpoint::new().with_ticket(Ticket::new(ticket));
    let info = FlightInfo::new().try_with_schema(schema).map_err(|error| Status::internal(error.to_string()))?;
    Ok(Response::new(info.with_endpoint(endpoint).with_descriptor(descriptor)))
}

/// Returns a schema as messages hold it.
fn as_bytes(schema: &Schema) -> Result<bytes::Bytes, Status> {
    let message = SchemaAsIpc::new(schema, &IpcWriteOptions::default()).try_into();
    message
        .map(|IpcMessage(bytes)| bytes)
        .map_err(|error: arrow::error::ArrowError| Status::internal(error.to_string()))
}
