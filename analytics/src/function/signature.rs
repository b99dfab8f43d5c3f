//! Failure texts with the accidental parts masked.

use std::sync::Arc;

use annals_data::signature;
use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::{Function, Scalar};

pub(super) const FUNCTION: Function = Function {
    call: "signature(text)",
    returns: "text",
    about: "the first line of a failure text, with numbers, addresses, paths, times and hashes masked, so that one cause has one text",
    formula: "UUIDs, addresses, times, paths, hexadecimal runs and numbers become <uuid>, <address>, <time>, <path>, <hex> and #; 240 characters at most",
    source: "the same as message.signature of the facts",
    example: "SELECT signature('timeout after 30 s at 0x7f3a') AS text",
};

pub(super) fn scalar() -> Scalar {
    let signature = Signature::exact(vec![DataType::Utf8], Volatility::Immutable);
    Scalar { name: "signature", signature, returns: DataType::Utf8, compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let texts = arrays[0].as_string::<i32>().iter();
    Ok(Arc::new(texts.map(|text| text.map(signature::signature)).collect::<StringArray>()))
}
