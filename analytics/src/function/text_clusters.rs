//! Texts that say nearly the same.

use std::sync::Arc;

use annals_data::id;
use arrow::array::{Array, ArrayRef, AsArray, Int64Builder, ListBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, TypeSignature, Volatility};

use super::list::numbers;
use super::{Function, Scalar};
use crate::judge::cluster::founders;

pub(super) const FUNCTION: Function = Function {
    call: "text_clusters(list, similarity)",
    returns: "bigint[]",
    about: "a list of numbers, one for each text of a list, that are equal for texts that say nearly the same; the list is to begin with \
        the oldest text, as the number is made of a group's first text and stays whatever is added behind",
    formula: "a text joins the first group whose founder shares the given part of its words and pairs of words (Jaccard), or founds one; \
        founders are found by 16 bands of two MinHashes",
    source: "P. Jaccard, 1901; A. Z. Broder, On the Resemblance and Containment of Documents, 1997; leader clustering, Hartigan, 1975",
    example: "SELECT text_clusters(['expected 3, got 4', 'no route to host'], 0.6) AS clusters",
};

pub(super) fn scalar() -> Scalar {
    let signature = Signature::new(TypeSignature::Any(2), Volatility::Immutable);
    let returns = DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true)));
    Scalar { name: "text_clusters", signature, returns, compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let texts = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let (lists, similarities) = (cast(&arrays[0], &texts)?, numbers(&arrays[1])?);
    let mut builder = ListBuilder::new(Int64Builder::new());
    for (row, list) in lists.as_list::<i32>().iter().enumerate() {
        let Some(list) = list.filter(|_| similarities.is_valid(row)) else {
            builder.append_null();
            continue;
        };
        let texts: Vec<&str> = list.as_string::<i32>().iter().map(Option::unwrap_or_default).collect();
        for founder in founders(&texts, similarities.value(row)) {
            builder.values().append_value(id::id(&["cluster", texts[founder]]));
        }
        builder.append(true);
    }
    Ok(Arc::new(builder.finish()))
}
