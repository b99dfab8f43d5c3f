//! Files written batch by batch, so that an answer need not fit into memory.
//!
//! Formats that must know all rows before the first byte (a sheet, an aligned table) collect them and write at the end.

use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};

use super::{Document, Error, Format, csv, json as lines, parquet_properties};

/// How rows stand in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// One array per row.
    #[default]
    Rows,
    /// One array per column.
    Columns,
}

/// How an answer is to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) format: Format,
    pub(crate) shape: Shape,
    /// The whole numbers of json are written as texts.
    pub(crate) texts: bool,
    /// As in [`Document`].
    pub(crate) is_defused: bool,
}

/// What is known when all rows are written.
pub(crate) struct End {
    pub(crate) is_truncated: bool,
    pub(crate) version: i64,
    pub(crate) elapsed: Duration,
}

/// A file that is being written.
pub(crate) struct Stream {
    schema: SchemaRef,
    row_count: usize,
    kind: Kind,
}

enum Kind {
    Separated(csv::Style),
    Lines,
    Arrow(Box<StreamWriter<Vec<u8>>>),
    Parquet(Box<ArrowWriter<Vec<u8>>>),
    /// `{columns, rows, row_count, truncated, version, elapsed_ms}`; whole numbers may be texts.
    Rows(bool),
    /// All rows, to be written at the end.
    Columns(Vec<RecordBatch>, bool),
    Whole(Vec<RecordBatch>, Format),
}

impl Stream {
    /// Begins a file and returns its first bytes.
    pub(crate) fn begin(schema: &SchemaRef, wish: &Wish) -> Result<(Self, Vec<u8>), Error> {
        let Wish { format, shape, texts, is_defused } = *wish;
        let mut head = Vec::new();
        let kind = match format {
            Format::Csv | Format::Tsv => {
                let style = csv::Style { delimiter: if format == Format::Csv { b',' } else { b'\t' }, is_defused };
                head = csv::header(schema, style)?;
                Kind::Separated(style)
            }
            Format::Ndjson => Kind::Lines,
            Format::Arrow => Kind::Arrow(Box::new(StreamWriter::try_new(Vec::new(), schema)?)),
            Format::Parquet => {
                let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(parquet_properties()))?;
                Kind::Parquet(Box::new(writer))
            }
            Format::Json if shape == Shape::Columns => Kind::Columns(Vec::new(), texts),
            Format::Json => {
                head = format!("{{\"columns\":{},\"rows\":[", Value::from(columns(schema))).into_bytes();
                Kind::Rows(texts)
            }
            Format::Xlsx | Format::Html | Format::Markdown => Kind::Whole(Vec::new(), format),
        };
        Ok((Self { schema: schema.clone(), row_count: 0, kind }, head))
    }

    /// Takes a batch and returns the bytes that it makes, if any yet.
    pub(crate) fn write(&mut self, batch: RecordBatch) -> Result<Vec<u8>, Error> {
        let is_first = self.row_count == 0;
        self.row_count += batch.num_rows();
        match &mut self.kind {
            Kind::Separated(style) => csv::rows(&batch, *style),
            Kind::Lines => lines::lines(&batch),
            Kind::Arrow(writer) => {
                writer.write(&batch)?;
                Ok(std::mem::take(writer.get_mut()))
            }
            Kind::Parquet(writer) => {
                writer.write(&batch)?;
                Ok(std::mem::take(writer.inner_mut()))
            }
            Kind::Rows(texts) => {
                let rows = lines::arrays(std::slice::from_ref(&batch), *texts)?;
                let text = rows.iter().map(Value::to_string).collect::<Vec<_>>().join(",");
                Ok(if is_first || text.is_empty() { text } else { format!(",{text}") }.into_bytes())
            }
            Kind::Columns(batches, _) | Kind::Whole(batches, _) => {
                batches.push(batch);
                Ok(Vec::new())
            }
        }
    }

    /// Returns how many rows were written.
    pub(crate) fn row_count(&self) -> usize {
        self.row_count
    }

    /// Ends the file and returns its last bytes.
    pub(crate) fn finish(self, end: &End) -> Result<Vec<u8>, Error> {
        match self.kind {
            Kind::Separated(_) | Kind::Lines => Ok(Vec::new()),
            Kind::Arrow(writer) => Ok(writer.into_inner()?),
            Kind::Parquet(writer) => Ok(writer.into_inner()?),
            Kind::Rows(_) => {
                let foot = foot(self.row_count, end).to_string();
                Ok(format!("],{}", foot.trim_start_matches('{')).into_bytes())
            }
            Kind::Columns(batches, texts) => {
                let mut whole = foot(self.row_count, end);
                whole["columns"] = by_column(&self.schema, &batches, texts)?;
                Ok(whole.to_string().into_bytes())
            }
            Kind::Whole(batches, format) => {
                let (schema, title) = (&self.schema, "annals");
                Document { schema, batches: &batches, title, note: "", is_defused: false }.write(format)
            }
        }
    }

    /// Returns what tells a reader that the rest is missing, in a format that has a place for it.
    pub(crate) fn broken(&self, reason: &str) -> Option<Vec<u8>> {
        matches!(self.kind, Kind::Lines).then(|| format!("{}\n", json!({ "error": reason })).into_bytes())
    }
}

fn foot(row_count: usize, end: &End) -> Value {
    json!({
        "row_count": row_count,
        "truncated": end.is_truncated,
        "version": end.version,
        "elapsed_ms": (end.elapsed.as_secs_f64() * 1e6).round() / 1e3,
    })
}

fn columns(schema: &SchemaRef) -> Vec<Value> {
    schema.fields().iter().map(|f| json!({"name": f.name(), "type": f.data_type().to_string()})).collect()
}

fn by_column(schema: &SchemaRef, batches: &[RecordBatch], texts: bool) -> Result<Value, Error> {
    let mut columns = columns(schema);
    let mut values: Vec<Vec<Value>> = vec![Vec::new(); columns.len()];
    for row in lines::arrays(batches, texts)? {
        let Value::Array(cells) = row else { continue };
        cells.into_iter().zip(&mut values).for_each(|(cell, column)| column.push(cell));
    }
    for (column, values) in columns.iter_mut().zip(values) {
        column["values"] = values.into();
    }
    Ok(columns.into())
}
