//! How the rows of each fact table lie in its files: their order, encodings and sizes.
//!
//! What was tried, and what it measured, is in `docs/layout.md`. When files are merged is decided in [`super::plan`].

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deltalake::parquet::arrow::arrow_writer::ArrowWriterOptions;
use deltalake::parquet::basic::{Compression, Encoding, ZstdLevel};
use deltalake::parquet::file::metadata::KeyValue;
use deltalake::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};

use crate::schema::{MEASURE, OUTCOME, Table};

/// A file of so many rows is full: of outcomes it has about 30 MB, and a test's rows in it are a few pages.
pub(super) const FULL_ROWS: u64 = 1 << 25;

/// The rows of a row group: large, because each names the ids and texts of its tests anew.
const GROUP_ROWS: usize = 1 << 20;

/// The rows of a row group that ends where the first ordering column, a text, has another value: a reader who asks for
/// failures skips the groups of what passed. Smaller groups are not worth their metadata.
pub(super) const APART_ROWS: usize = 1 << 12;

/// The rows of a page. What repeats from test to test (builds, positions) is written once per page, so it is long.
const PAGE_ROWS: usize = 1 << 18;

/// The bytes of a page of numbers that hardly repeat: short, so that few tests share a code.
const NUMBER_PAGE_BYTES: usize = 16 << 10;

/// The bytes of a page of the ids by which rows are in order, before they are compressed: short, so that whoever looks for a test
/// reads little beside it. They cost next to nothing, and all other columns are read by what is found here.
const KEY_PAGE_BYTES: usize = 32 << 10;

/// The most bytes of distinct values that a column of a row group is encoded by (its dictionary).
const DICTIONARY_BYTES: usize = 4 << 20;

/// Columns that count up: what is written is by how much.
const STEADY: [&str; 2] = ["batch", "position"];

/// The key of a file's own word on the order of its rows.
const ORDER_KEY: &str = "annals.order";

/// Returns the schema in which rows are sorted and merged: texts as views, so that a row is moved without its texts.
pub(crate) fn schema(table: &Table) -> SchemaRef {
    let view = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => field.clone(),
    };
    Arc::new(Schema::new(table.arrow().fields().iter().map(view).collect::<Vec<_>>()))
}

/// Columns that are looked for by a value, and of which a row group has few.
const SOUGHT: [&str; 4] = ["series_id", "build_id", "message_id", "name"];

/// How hard a file is compressed (the level of zstd).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// Somebody waits for it.
    Quick = 3,
    /// It is to stay.
    Thorough = 9,
}

/// Returns how files of the table are written.
pub(super) fn options(table: &Table, effort: Effort) -> ArrowWriterOptions {
    // Other readers would take arrow's own types from the file, and not all of them know views.
    ArrowWriterOptions::new().with_properties(properties(table, effort)).with_skip_arrow_metadata(true)
}

fn properties(table: &Table, effort: Effort) -> WriterProperties {
    let level = ZstdLevel::try_new(effort as i32).expect("it is a level of zstd");
    let builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_key_value_metadata(Some(vec![KeyValue::new(ORDER_KEY.to_owned(), order(table))]));
    match table.name {
        name if name == OUTCOME.name => {
            let builder = numbers(STEADY.into_iter().fold(builder, steady), "duration_us");
            // The builds of a test are those of the one before, but for some; bytes that repeat are found wherever they
            // stand, the bits of places in a dictionary are not.
            let builder = builder.set_column_dictionary_enabled("build_id".into(), false);
            let builder = builder
                .set_column_data_page_size_limit("build_id".into(), 8 * PAGE_ROWS)
                .set_column_data_page_size_limit("test_id".into(), KEY_PAGE_BYTES)
                .set_column_data_page_size_limit("series_id".into(), KEY_PAGE_BYTES)
                // Some 65,000 rows: a position is reached by adding up what is before it.
                .set_column_data_page_size_limit("position".into(), 2 * KEY_PAGE_BYTES);
            SOUGHT.into_iter().fold(builder, sought)
        }
        name if name == MEASURE.name => numbers(STEADY.into_iter().fold(builder, steady), "value"),
        _ => builder,
    }
    .build()
}

/// Sets that a column has bloom filters: no larger than what a row group holds of it needs.
fn sought(builder: WriterPropertiesBuilder, column: &str) -> WriterPropertiesBuilder {
    builder.set_column_bloom_filter_max_ndv(column.into(), GROUP_ROWS as u64 / 4)
}

fn steady(builder: WriterPropertiesBuilder, column: &str) -> WriterPropertiesBuilder {
    builder
        .set_column_dictionary_enabled(column.into(), false)
        .set_column_encoding(column.into(), Encoding::DELTA_BINARY_PACKED)
}

/// Sets how a column of numbers that hardly repeat is encoded: their bytes apart, the high ones of all rows together.
fn numbers(builder: WriterPropertiesBuilder, column: &str) -> WriterPropertiesBuilder {
    builder
        .set_column_dictionary_enabled(column.into(), false)
        .set_column_encoding(column.into(), Encoding::BYTE_STREAM_SPLIT)
        .set_column_data_page_size_limit(column.into(), NUMBER_PAGE_BYTES)
        // Nobody looks for a page by them, and there are many.
        .set_column_statistics_enabled(column.into(), EnabledStatistics::Chunk)
}

/// Returns whether a file says that its rows are in the table's order.
pub(super) fn is_ordered(table: &Table, metadata: Option<&Vec<KeyValue>>) -> bool {
    let own = metadata.into_iter().flatten().find(|pair| pair.key == ORDER_KEY);
    own.and_then(|pair| pair.value.as_ref()).is_some_and(|found| *found == order(table))
}

fn order(table: &Table) -> String {
    table.order.join(",")
}
