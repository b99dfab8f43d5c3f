//! Record batches as files that other programs read.
//!
//! One file per format that needs more than a call. Which rows are written is not decided here.

mod csv;
mod html;
mod json;
mod markdown;
mod stream;
mod xlsx;

use std::fmt;
use std::str::FromStr;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

pub use json::arrays;
pub(crate) use stream::{End, Shape, Stream, Wish};

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header.
    Csv,
    /// The same, separated by tabs.
    Tsv,
    /// A workbook of one sheet.
    Xlsx,
    /// A page that needs nothing else.
    Html,
    /// A table of GitHub's Markdown.
    Markdown,
    /// An array of objects.
    Json,
    /// One object per line.
    Ndjson,
    /// Parquet, compressed by zstd.
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
}

/// All formats.
pub const FORMATS: [Format; 9] = [
    Format::Csv,
    Format::Tsv,
    Format::Xlsx,
    Format::Html,
    Format::Markdown,
    Format::Json,
    Format::Ndjson,
    Format::Parquet,
    Format::Arrow,
];

impl Format {
    /// Returns its name, as options take it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Xlsx => "xlsx",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// Returns the ending of a file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Arrow => "arrows",
            other => other.name(),
        }
    }

    /// Returns the media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Tsv => "text/tab-separated-values; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Html => "text/html; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.stream",
        }
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Reads a name, an extension or a media type.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim().to_ascii_lowercase();
        let names = |f: &Format| {
            let media = f.content_type().split(';').next().unwrap_or_default();
            [f.name(), f.extension(), media].contains(&text.as_str())
        };
        let alias = match text.as_str() {
            "jsonl" | "application/jsonl" | "application/ndjson" => Some(Self::Ndjson),
            "application/x-parquet" => Some(Self::Parquet),
            _ => None,
        };
        alias.or_else(|| FORMATS.into_iter().find(names)).ok_or(Error::UnknownFormat(text))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why rows cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No format has this name.
    #[error("no format `{0}`; there are csv, tsv, xlsx, html, markdown, json, ndjson, parquet and arrow")]
    UnknownFormat(String),
    /// More rows or columns than a sheet holds.
    #[error("a sheet holds 1,048,575 rows and 16,384 columns; the table has {0} and {1}")]
    TooLarge(usize, usize),
    /// A column's type cannot be written.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// The Parquet writer failed.
    #[error(transparent)]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The workbook cannot be written.
    #[error(transparent)]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
}

/// Rows with what a reader should know of them.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Names and types of the columns.
    pub schema: &'a SchemaRef,
    /// The rows.
    pub batches: &'a [RecordBatch],
    /// The title; html and xlsx show it.
    pub title: &'a str,
    /// What a row is and which rows these are; html shows it.
    pub note: &'a str,
    /// For a spreadsheet: texts of csv and tsv that it would take for a formula get a leading `'`.
    pub is_defused: bool,
}

impl Document<'_> {
    /// Writes the rows, all of them in memory.
    ///
    /// # Errors
    /// Fails for types that the format does not know, and for more than a sheet holds.
    pub fn write(&self, format: Format) -> Result<Vec<u8>, Error> {
        let separated = |delimiter| csv::write(self, csv::Style { delimiter, is_defused: self.is_defused });
        match format {
            Format::Csv => separated(b','),
            Format::Tsv => separated(b'\t'),
            Format::Xlsx => xlsx::write(self),
            Format::Html => html::write(self),
            Format::Markdown => markdown::write(self),
            Format::Json => json::write(self),
            Format::Ndjson => json::write_lines(self),
            Format::Parquet => self.parquet(),
            Format::Arrow => self.arrow(),
        }
    }

    fn parquet(&self) -> Result<Vec<u8>, Error> {
        let mut writer = ArrowWriter::try_new(Vec::new(), self.schema.clone(), Some(parquet_properties()))?;
        for batch in self.batches {
            writer.write(batch)?;
        }
        Ok(writer.into_inner()?)
    }

    fn arrow(&self) -> Result<Vec<u8>, Error> {
        let mut writer = StreamWriter::try_new(Vec::new(), self.schema)?;
        for batch in self.batches {
            writer.write(batch)?;
        }
        Ok(writer.into_inner()?)
    }
}

fn parquet_properties() -> WriterProperties {
    WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build()
}

/// Writes batches of one schema; without any batch there are no columns either.
///
/// # Errors
/// As [`Document::write`].
pub fn export(batches: &[RecordBatch], format: Format) -> Result<Vec<u8>, Error> {
    let schema = batches.first().map_or_else(|| arrow::datatypes::Schema::empty().into(), RecordBatch::schema);
    Document { schema: &schema, batches, title: "annals", note: "", is_defused: false }.write(format)
}

/// Returns whether numbers of this type stand at the right of their column.
fn is_number(kind: &DataType) -> bool {
    kind.is_numeric()
}
