//! The calls of Flight SQL, each led to what answers it.

use arrow_flight::sql::server::{FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::{
    ActionCancelQueryRequest, ActionCancelQueryResult, ActionClosePreparedStatementRequest,
    ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult, CommandGetCatalogs, CommandGetDbSchemas,
    CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandGetXdbcTypeInfo, CommandPreparedStatementQuery,
    CommandStatementQuery, DoPutPreparedStatementResult, ProstMessageExt, SqlInfo, TicketStatementQuery,
};
use arrow_flight::{Action, FlightDescriptor, FlightInfo, HandshakeRequest, HandshakeResponse, Ticket};
use futures::stream;
use prost::Message;
use tonic::{Request, Response, Status, Streaming};

use super::handle::Handle;
use super::{Flight, Greeting, Refusal, Wire, announced, as_bytes, catalog, flown, handle, info, told};

#[tonic::async_trait]
impl FlightSqlService for Wire {
    type FlightService = Self;

    async fn do_handshake(&self, request: Request<Streaming<HandshakeRequest>>) -> Result<Response<Greeting>, Status> {
        let token = self.door.greet(&request)?;
        let greeting = HandshakeResponse { protocol_version: 0, payload: token.clone().into() };
        let mut response = Response::new(Box::pin(stream::iter([Ok(greeting)])) as Greeting);
        if let Ok(value) = format!("Bearer {token}").parse() {
            response.metadata_mut().insert("authorization", value);
        }
        Ok(response)
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.info(request, &Handle::of(query.query)).await
    }

    async fn do_get_statement(
        &self,
        ticket: TicketStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Response<Flight>, Status> {
        self.answer(request, &Handle::read(&ticket.statement_handle)?).await
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let handle = Handle::of(query.query);
        let question = self.describe(&request, &handle).await?;
        let parameters = handle::parameters(&question)?;
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle: handle.bytes(),
            dataset_schema: as_bytes(&announced(question.plan.schema().as_arrow()))?,
            parameter_schema: as_bytes(&parameters)?,
        })
    }

    async fn do_action_close_prepared_statement(
        &self,
        _: ActionClosePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<(), Status> {
        self.door.asker(&request).map(drop)
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.info(request, &Handle::read(&query.prepared_statement_handle)?).await
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Response<Flight>, Status> {
        self.answer(request, &Handle::read(&query.prepared_statement_handle)?).await
    }

    async fn do_put_prepared_statement_query(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        self.door.asker(&request)?;
        let handle = Handle::read(&query.prepared_statement_handle)?.bound(request.into_inner()).await?;
        Ok(DoPutPreparedStatementResult { prepared_statement_handle: Some(handle.bytes()) })
    }

    async fn do_action_cancel_query(
        &self,
        _: ActionCancelQueryRequest,
        request: Request<Action>,
    ) -> Result<ActionCancelQueryResult, Status> {
        self.door.asker(&request)?;
        // A query ends with its stream; there is nothing else that could be cancelled.
        Err(Status::unimplemented("end the stream, and its query ends"))
    }

    async fn get_flight_info_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.door.asker(&request)?;
        info(&query.into_builder().schema(), query.as_any().encode_to_vec(), request.into_inner())
    }

    async fn do_get_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<Ticket>,
    ) -> Result<Response<Flight>, Status> {
        self.door.asker(&request)?;
        let mut builder = query.into_builder();
        builder.append(catalog::DATABASE);
        flown(builder.build())
    }

    async fn get_flight_info_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.door.asker(&request)?;
        let ticket = query.as_any().encode_to_vec();
        info(&query.into_builder().schema(), ticket, request.into_inner())
    }

    async fn do_get_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<Ticket>,
    ) -> Result<Response<Flight>, Status> {
        let context = self.catalog(&request).await?;
        let mut builder = query.into_builder();
        catalog::schemas(&context).iter().for_each(|schema| builder.append(catalog::DATABASE, schema));
        flown(builder.build())
    }

    async fn get_flight_info_tables(
        &self,
        query: CommandGetTables,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.door.asker(&request)?;
        let ticket = query.as_any().encode_to_vec();
        info(&query.into_builder().schema(), ticket, request.into_inner())
    }

    async fn do_get_tables(
        &self,
        query: CommandGetTables,
        request: Request<Ticket>,
    ) -> Result<Response<Flight>, Status> {
        let context = self.catalog(&request).await?;
        let mut builder = query.into_builder();
        for table in catalog::tables(&context).await.map_err(|error| told(Refusal::of(&error)))? {
            let schema = announced(&table.schema);
            builder.append(catalog::DATABASE, table.layer, table.name, table.kind, &schema).map_err(Status::from)?;
        }
        flown(builder.build())
    }

    async fn get_flight_info_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.door.asker(&request)?;
        info(&query.into_builder().schema(), query.as_any().encode_to_vec(), request.into_inner())
    }

    async fn do_get_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<Ticket>,
    ) -> Result<Response<Flight>, Status> {
        self.door.asker(&request)?;
        let mut builder = query.into_builder();
        catalog::KINDS.iter().for_each(|kind| builder.append(kind));
        flown(builder.build())
    }

    async fn get_flight_info_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.door.asker(&request)?;
        let ticket = query.as_any().encode_to_vec();
        info(&query.into_builder(&self.infos).schema(), ticket, request.into_inner())
    }

    async fn do_get_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<Ticket>,
    ) -> Result<Response<Flight>, Status> {
        self.door.asker(&request)?;
        flown(query.into_builder(&self.infos).build())
    }

    async fn get_flight_info_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.door.asker(&request)?;
        let ticket = query.as_any().encode_to_vec();
        info(&query.into_builder(&self.types).schema(), ticket, request.into_inner())
    }

    async fn do_get_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        request: Request<Ticket>,
    ) -> Result<Response<Flight>, Status> {
        self.door.asker(&request)?;
        flown(query.into_builder(&self.types).build())
    }

    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}
