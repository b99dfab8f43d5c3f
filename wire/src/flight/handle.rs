//! What a client holds between two calls: the query, and the values that were bound to it.
//!
//! A handle is not a secret and proves nothing: whoever makes one up has asked the query that it holds.

use annals_analytics::outside::Question;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::sql::server::PeekableFlightDataStream;
use bytes::Bytes;
use datafusion::common::{ParamValues, ScalarValue};
use futures::TryStreamExt;
use tonic::Status;

/// A query with its values.
pub(super) struct Handle {
    pub(super) text: String,
    /// One row, as an IPC stream; empty where nothing is bound.
    bound: Vec<u8>,
}

impl Handle {
    /// Returns the handle of a query without values.
    pub(super) fn of(text: String) -> Self {
        Self { text, bound: Vec::new() }
    }

    /// Reads what a client sends back: the length of the query, the query, the values.
    pub(super) fn read(bytes: &Bytes) -> Result<Self, Status> {
        let torn = || Status::invalid_argument("this handle is none of this server's");
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(torn)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| torn())?;
        let (text, bound) = rest.split_at_checked(length).ok_or_else(torn)?;
        let text = String::from_utf8(text.to_vec()).map_err(|_| torn())?;
        Ok(Self { text, bound: bound.to_vec() })
    }

    /// Writes the handle.
    pub(super) fn bytes(&self) -> Bytes {
        let length = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        [&length.to_be_bytes()[..], self.text.as_bytes(), &self.bound].concat().into()
    }

    /// Returns the handle with the values that a client sends.
    pub(super) async fn bound(mut self, sent: PeekableFlightDataStream) -> Result<Self, Status> {
        let failed = |error: arrow::error::ArrowError| Status::invalid_argument(error.to_string());
        let sent =
            FlightRecordBatchStream::new_from_flight_data(sent.map_err(|status| FlightError::Tonic(Box::new(status))));
        let batches: Vec<RecordBatch> = sent.try_collect().await.map_err(Status::from)?;
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        if rows > 1 {
            return Err(Status::invalid_argument("one row of parameters is bound at a time"));
        }
        if let Some(batch) = batches.iter().find(|batch| batch.num_rows() == 1) {
            let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).map_err(failed)?;
            writer.write(batch).map_err(failed)?;
            self.bound = writer.into_inner().map_err(failed)?;
        }
        Ok(self)
    }

    /// Returns the values, if any are bound.
    pub(super) fn values(&self) -> Result<Option<ParamValues>, Status> {
        let failed = |error: String| Status::invalid_argument(format!("the parameters cannot be read: {error}"));
        if self.bound.is_empty() {
            return Ok(None);
        }
        let mut reader = StreamReader::try_new(&self.bound[..], None).map_err(|e| failed(e.to_string()))?;
        let batch =
            reader.next().ok_or_else(|| failed("there is no row".into()))?.map_err(|e| failed(e.to_string()))?;
        if batch.num_rows() != 1 {
            return Err(failed("there is not one row".into()));
        }
        let values = batch.columns().iter().map(|column| ScalarValue::try_from_array(column, 0));
        let values = values.collect::<Result<Vec<_>, _>>().map_err(|e| failed(e.to_string()))?;
        Ok(Some(ParamValues::from(values)))
    }
}

/// Returns the parameters of a query in their order; one whose type is not known may be anything.
pub(super) fn parameters(question: &Question) -> Result<Schema, Status> {
    let found = question.plan.get_parameter_types().map_err(|e| Status::invalid_argument(e.strip_backtrace()))?;
    let number = |name: &str| name.trim_start_matches('$').parse::<u32>().unwrap_or(u32::MAX);
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(name, _)| number(name));
    let field = |(name, kind): (String, Option<DataType>)| Field::new(name, kind.unwrap_or(DataType::Null), true);
    Ok(Schema::new(found.into_iter().map(field).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_comes_back_as_it_was() {
        let handle = Handle { text: "SELECT $1".into(), bound: vec![1, 2] };
        let read = Handle::read(&handle.bytes()).unwrap();
        assert_eq!((read.text.as_str(), &read.bound[..]), ("SELECT $1", &[1, 2][..]));
        for torn in [&b""[..], b"\0\0\0\x09abc", b"\xff\xff\xff\xff", b"\0\0\0\x01\xff"] {
            assert!(Handle::read(&Bytes::from_static(torn)).is_err(), "{torn:?}");
        }
        let rubbish = Handle { text: String::new(), bound: vec![7; 40] };
        assert!(rubbish.values().is_err());
    }
}
