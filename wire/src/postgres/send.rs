//! Answers on their way to a client.

use std::fmt::Debug;

use futures::{Sink, SinkExt, StreamExt};
use pgwire::api::ClientInfo;
use pgwire::api::query::{send_execution_response, send_query_response};
use pgwire::api::results::{CopyResponse, Response, Tag};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::copy::{CopyDone, CopyOutResponse};

/// What stands at the end of a binary file (PostgreSQL 16, COPY, "File Trailer").
const TRAILER: [u8; 2] = [0xff, 0xff];

/// Sends the answer to a statement of a simple message.
pub(super) async fn send<C>(client: &mut C, response: Response) -> PgWireResult<()>
where
    C: ClientInfo + Sink<PgWireBackendMessage> + Unpin,
    C::Error: Debug,
    PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
{
    let status = client.transaction_status();
    match response {
        Response::Query(rows) => send_query_response(client, rows, true).await,
        Response::CopyOut(file) => {
            let tag = send_file(client, file).await?;
            send_execution_response(client, tag).await
        }
        Response::TransactionStart(tag) => {
            client.set_transaction_status(status.to_in_transaction_state());
            send_execution_response(client, tag).await
        }
        Response::TransactionEnd(tag) => {
            client.set_transaction_status(status.to_idle_state());
            send_execution_response(client, tag).await
        }
        Response::Execution(tag) => send_execution_response(client, tag).await,
        other => Err(PgWireError::ApiError(format!("no statement has the answer {other:?}").into())),
    }
}

/// Sends a file, but for its tag, which is returned.
///
/// The library would tell a client of an error by a message that only clients send.
pub(super) async fn send_file<C>(client: &mut C, file: CopyResponse) -> PgWireResult<Tag>
where
    C: Sink<PgWireBackendMessage> + Unpin,
    C::Error: Debug,
    PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
{
    let formats = file.column_formats();
    let columns = i16::try_from(file.columns).unwrap_or(i16::MAX);
    let head = CopyOutResponse::new(file.format, columns, formats);
    client.send(PgWireBackendMessage::CopyOutResponse(head)).await?;
    let (mut parts, mut count) = (file.data_stream, 0);
    while let Some(part) = parts.next().await {
        let part = part?;
        if !part.data.is_empty() {
            count += usize::from(part.data.as_ref() != TRAILER);
            client.feed(PgWireBackendMessage::CopyData(part)).await?;
        }
    }
    client.feed(PgWireBackendMessage::CopyDone(CopyDone::new())).await?;
    Ok(Tag::new("COPY").with_rows(count))
}
