//! Answers in Postgres' formats, row by row as they are computed.

use std::sync::Arc;

use annals_analytics::outside::{Error, Rows};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow_pg::datatypes::{arrow_schema_to_pg_fields, encode_recordbatch};
use futures::stream::{self, Stream};
use pgwire::api::Type;
use pgwire::api::portal::Format;
use pgwire::api::results::{CopyResponse, DataRowEncoder, FieldFormat, FieldInfo, QueryResponse, Response};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::copy::CopyData;
use pgwire::messages::data::DataRow;
use tokio::sync::watch;

use super::cell;
use super::error::{failed, refused};
use super::statement::{File, Kind};

/// Returns the columns of an answer as Postgres has them.
///
/// # Errors
///
/// Refuses what its protocol has no type for: lists of lists.
pub(super) fn fields(schema: &Schema, format: &Format) -> PgWireResult<Vec<FieldInfo>> {
    let unsupported = |error: PgWireError| failed("0A000", error.to_string());
    arrow_schema_to_pg_fields(schema, format, None).map_err(unsupported)
}

type Encoded = Box<dyn Iterator<Item = PgWireResult<DataRow>> + Send + Sync>;

/// The rest of an answer.
pub(super) struct Answer {
    rows: Rows,
    text: String,
    fields: Arc<Vec<FieldInfo>>,
    /// The newest batch, how many of its rows were taken, and those that come.
    batch: Option<(RecordBatch, usize, Encoded)>,
    cancel: watch::Receiver<u64>,
    is_over: bool,
}

impl Answer {
    /// Begins to write an answer to a query; a change of `cancel` ends it.
    pub(super) fn new(rows: Rows, text: &str, format: &Format, cancel: watch::Receiver<u64>) -> PgWireResult<Self> {
        let fields = Arc::new(fields(&rows.schema, format)?);
        Ok(Self { rows, text: text.to_owned(), fields, batch: None, cancel, is_over: false })
    }

    /// Returns the columns as they are computed.
    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.rows.schema)
    }

    /// Writes the rows that come in another format.
    pub(super) fn write_as(&mut self, format: &Format) -> PgWireResult<()> {
        self.fields = Arc::new(fields(&self.rows.schema, format)?);
        if let Some((batch, taken, _)) = self.batch.take() {
            self.begin(batch.slice(taken, batch.num_rows() - taken))?;
        }
        Ok(())
    }

    fn begin(&mut self, batch: RecordBatch) -> PgWireResult<()> {
        let rows = send(encode_recordbatch(self.fields(), cell::written(&batch, &self.fields)?));
        self.batch = Some((batch, 0, rows));
        Ok(())
    }

    /// Returns the columns.
    pub(super) fn fields(&self) -> Arc<Vec<FieldInfo>> {
        Arc::clone(&self.fields)
    }

    /// Returns the next row.
    pub(super) async fn next(&mut self) -> Option<PgWireResult<DataRow>> {
        loop {
            if let Some((_, taken, rows)) = &mut self.batch
                && let Some(row) = rows.next()
            {
                *taken += 1;
                return Some(row);
            }
            if self.is_over {
                return None;
            }
            let next = tokio::select! {
                next = self.rows.next() => next,
                _ = self.cancel.changed() => Some(Err(Error::Cancelled)),
            };
            match next {
                Some(Ok(batch)) => {
                    if let Err(error) = self.begin(batch) {
                        self.is_over = true;
                        return Some(Err(error));
                    }
                }
                Some(Err(error)) => {
                    self.is_over = true;
                    return Some(Err(refused(&error, &self.text)));
                }
                None => {
                    self.is_over = true;
                    // Nothing in the protocol says that an answer is cut, and a cut one must not pass for whole.
                    let cut = "the answer has more rows than are let out; ask for fewer, by LIMIT or WHERE";
                    return self.rows.is_truncated().then(|| Err(failed("54000", cut)));
                }
            }
        }
    }

    /// Returns the rows as the answer to a query.
    pub(super) fn response(self) -> QueryResponse {
        QueryResponse::new(self.fields(), rows(self))
    }

    /// Returns the rows as a file.
    pub(super) fn copied(self, file: File) -> CopyResponse {
        let columns = self.fields.len();
        let format = i8::from(file.kind == Kind::Binary);
        let head = head(&self.fields, &file);
        CopyResponse::new(
            format,
            columns,
            stream::unfold((head, self, file), |(mut head, mut answer, file)| async {
                // What stands before the rows goes out with the first: each message counts as a row.
                let line = match answer.next().await {
                    Some(Ok(row)) => {
                        head.extend(line(&row, &file));
                        Ok(CopyData::new(head.into()))
                    }
                    Some(Err(error)) => Err(error),
                    None if head.is_empty() => return None,
                    None => Ok(CopyData::new(head.into())),
                };
                Some((line, (Vec::new(), answer, file)))
            }),
        )
    }
}

/// The encoder's iterator, whose parts may all be sent to other threads.
fn send(rows: Box<impl Iterator<Item = PgWireResult<DataRow>> + Send + Sync + 'static>) -> Encoded {
    rows
}

fn rows(answer: Answer) -> impl Stream<Item = PgWireResult<DataRow>> + Send + 'static {
    stream::unfold(answer, |mut answer| async { Some((answer.next().await?, answer)) })
}

/// Returns a column of texts.
pub(super) fn text_field(name: &str) -> FieldInfo {
    FieldInfo::new(name.to_owned(), None, None, Type::TEXT, FieldFormat::Text)
}

/// Returns rows of texts.
pub(super) fn texts(names: &[&str], rows: Vec<Vec<String>>) -> PgWireResult<Response> {
    let fields = Arc::new(names.iter().map(|name| text_field(name)).collect::<Vec<_>>());
    let mut encoder = DataRowEncoder::new(Arc::clone(&fields));
    let mut encoded = Vec::new();
    for row in rows {
        row.iter().try_for_each(|cell| encoder.encode_field(cell))?;
        encoded.push(Ok(encoder.take_row()));
    }
    let mut response = QueryResponse::new(fields, stream::iter(encoded));
    response.set_command_tag("SHOW");
    Ok(Response::Query(response))
}

/// Returns what stands before the first row.
fn head(fields: &[FieldInfo], file: &File) -> Vec<u8> {
    if file.kind == Kind::Binary {
        // The signature, no flags, no extension (PostgreSQL 16, COPY, "Binary Format").
        return [b"PGCOPY\n\xff\r\n\0".as_slice(), &[0; 8]].concat();
    }
    if !file.has_header {
        return Vec::new();
    }
    let names = fields.iter().map(|field| Some(field.name().as_bytes()));
    written(names, file)
}

/// Writes a row.
fn line(row: &DataRow, file: &File) -> Vec<u8> {
    if file.kind == Kind::Binary {
        return [row.field_count.to_be_bytes().as_slice(), &row.data].concat();
    }
    written(cells(&row.data), file)
}

/// Reads the cells of a row: each has its length before it, and -1 is null.
pub(super) fn cells(mut data: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first_chunk::<4>()?;
        let length = usize::try_from(i32::from_be_bytes(*length)).ok();
        let (cell, rest) = rest.split_at_checked(length.unwrap_or(0))?;
        data = rest;
        Some(length.map(|_| cell))
    })
}

fn written<'a>(cells: impl Iterator<Item = Option<&'a [u8]>>, file: &File) -> Vec<u8> {
    let mut line = Vec::new();
    let mut delimiter = [0; 4];
    let delimiter = file.delimiter.encode_utf8(&mut delimiter).as_bytes().to_vec();
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            line.extend(&delimiter);
        }
        match cell {
            None => line.extend(file.null.as_bytes()),
            Some(cell) if file.kind == Kind::Csv => quote(&mut line, cell, file),
            Some(cell) => escape(&mut line, cell, file),
        }
    }
    line.push(b'\n');
    line
}

fn quote(line: &mut Vec<u8>, cell: &[u8], file: &File) {
    let needs =
        |byte: &u8| matches!(byte, b'"' | b'\n' | b'\r') || file.delimiter.is_ascii() && *byte == file.delimiter as u8;
    // An empty text is quoted, as an empty cell is null.
    if !cell.iter().any(needs) && cell != file.null.as_bytes() {
        line.extend(cell);
        return;
    }
    line.push(b'"');
    for byte in cell {
        line.extend(if *byte == b'"' { [b'"', b'"'].as_slice() } else { std::slice::from_ref(byte) });
    }
    line.push(b'"');
}

fn escape(line: &mut Vec<u8>, cell: &[u8], file: &File) {
    for byte in cell {
        match byte {
            b'\\' => line.extend(b"\\\\"),
            b'\n' => line.extend(b"\\n"),
            b'\r' => line.extend(b"\\r"),
            b'\t' => line.extend(b"\\t"),
            other if file.delimiter.is_ascii() && *other == file.delimiter as u8 => line.extend([b'\\', *other]),
            other => line.push(*other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind) -> File {
        let (delimiter, null) = if kind == Kind::Csv { (',', "") } else { ('\t', "\\N") };
        File { kind, has_header: false, delimiter, null: null.into() }
    }

    #[test]
    fn cells_are_read_and_written() {
        let data = [&5i32.to_be_bytes()[..], b"a,\"b\n", &(-1i32).to_be_bytes(), &0i32.to_be_bytes()].concat();
        assert_eq!(cells(&data).collect::<Vec<_>>(), [Some(b"a,\"b\n".as_slice()), None, Some(b"")]);
        assert_eq!(written(cells(&data), &of(Kind::Csv)), b"\"a,\"\"b\n\",,\"\"\n");
        assert_eq!(written(cells(&data), &of(Kind::Text)), b"a,\"b\\n\t\\N\t\n");
        assert_eq!(cells(b"\0\0\0\x09abc").count(), 0, "a torn row has no cells");
    }
}
