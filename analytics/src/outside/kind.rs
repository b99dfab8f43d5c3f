//! Types in Postgres' words, for whoever looks around.

use arrow::datatypes::{DataType, TimeUnit};

/// Returns what Postgres calls a type.
pub fn type_name(kind: &DataType) -> &'static str {
    Kind::of(kind).name
}

/// A type in Postgres' words.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) short: &'static str,
    /// Bits of a number's mantissa.
    pub(super) precision: Option<i32>,
    pub(super) scale: Option<i32>,
    /// Digits of a second.
    pub(super) digits: Option<i32>,
}

impl Kind {
    pub(super) fn of(kind: &DataType) -> Self {
        let plain = |name, short| Self { name, short, precision: None, scale: None, digits: None };
        let number = |name, short, precision, scale| Self { precision: Some(precision), scale, ..plain(name, short) };
        match kind {
            DataType::Boolean => plain("boolean", "bool"),
            DataType::Int8 | DataType::Int16 | DataType::UInt8 => number("smallint", "int2", 16, Some(0)),
            DataType::Int32 | DataType::UInt16 => number("integer", "int4", 32, Some(0)),
            DataType::Int64 | DataType::UInt32 => number("bigint", "int8", 64, Some(0)),
            DataType::Float16 | DataType::Float32 => number("real", "float4", 24, None),
            DataType::Float64 => number("double precision", "float8", 53, None),
            DataType::UInt64 | DataType::Decimal128(_, _) | DataType::Decimal256(_, _) => plain("numeric", "numeric"),
            DataType::Date32 | DataType::Date64 => plain("date", "date"),
            DataType::Timestamp(unit, zone) => {
                let digits = Some(if *unit == TimeUnit::Second { 0 } else { 6 });
                let (name, short) = match zone {
                    Some(_) => ("timestamp with time zone", "timestamptz"),
                    None => ("timestamp without time zone", "timestamp"),
                };
                Self { digits, ..plain(name, short) }
            }
            DataType::Interval(_) | DataType::Duration(_) => plain("interval", "interval"),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => plain("bytea", "bytea"),
            DataType::List(_) | DataType::LargeList(_) => plain("ARRAY", "_text"),
            _ => plain("text", "text"),
        }
    }
}
