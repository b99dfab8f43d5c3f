//! Functions that Postgres' clients call and the engine lacks: each gives what is true of this server.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, AsArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::setting::{SERVER_VERSION, Settings};

/// Returns the functions; `comments` and `definitions` are by table and column, 0 for the table itself.
pub(super) fn functions(comments: &Arc<Comments>, definitions: &Arc<Comments>) -> Vec<ScalarUDF> {
    let text = |value: Option<&str>| ScalarValue::Utf8(value.map(str::to_owned));
    let version = format!("PostgreSQL {SERVER_VERSION} (Annals {}) on DataFusion", env!("CARGO_PKG_VERSION"));
    let flag = |value| ScalarValue::Boolean(Some(value));
    let fixed = [
        ("version", text(Some(&version))),
        ("current_role", text(Some("reader"))),
        ("pg_get_serial_sequence", text(None)),
        ("pg_get_indexdef", text(None)),
        ("pg_get_triggerdef", text(None)),
        ("pg_get_ruledef", text(None)),
        ("pg_get_functiondef", text(None)),
        ("pg_get_function_result", text(None)),
        ("pg_get_function_arguments", text(None)),
        ("pg_get_function_identity_arguments", text(None)),
        ("pg_get_statisticsobjdef", text(None)),
        ("pg_tablespace_location", text(None)),
        ("pg_size_pretty", text(None)),
        ("shobj_description", text(None)),
        ("inet_server_addr", text(None)),
        ("pg_advisory_unlock_all", text(None)),
        ("to_regtype", ScalarValue::Int32(None)),
        ("txid_current", ScalarValue::Int64(Some(1))),
        ("pg_my_temp_schema", ScalarValue::Int64(Some(0))),
        ("pg_table_size", ScalarValue::Int64(None)),
        ("pg_indexes_size", ScalarValue::Int64(None)),
        ("pg_database_size", ScalarValue::Int64(None)),
        ("pg_tablespace_size", ScalarValue::Int64(None)),
        ("pg_is_in_recovery", flag(false)),
        ("pg_is_other_temp_schema", flag(false)),
        ("pg_function_is_visible", flag(true)),
        ("pg_type_is_visible", flag(true)),
        ("pg_operator_is_visible", flag(true)),
        ("pg_opclass_is_visible", flag(true)),
        ("pg_collation_is_visible", flag(true)),
        ("has_column_privilege", flag(true)),
        ("has_function_privilege", flag(true)),
        ("has_sequence_privilege", flag(false)),
        ("pg_has_role", flag(true)),
    ];
    let fixed = fixed.map(|(name, value)| ScalarUDF::new_from_impl(Shim::new(name, Kind::Fixed(value))));
    let described = ["col_description", "obj_description"]
        .map(|name| ScalarUDF::new_from_impl(Shim::new(name, Kind::Comment(Arc::clone(comments)))));
    let defined = Shim::new("pg_get_viewdef", Kind::Comment(Arc::clone(definitions)));
    let setting = ScalarUDF::new_from_impl(Shim::new("current_setting", Kind::Setting));
    fixed.into_iter().chain(described).chain([setting, ScalarUDF::new_from_impl(defined)]).collect()
}

/// Texts by the number of a table and of its column, 0 for the table.
pub(super) type Comments = HashMap<(i64, i64), String>;

#[derive(Clone, Debug)]
enum Kind {
    Fixed(ScalarValue),
    Setting,
    Comment(Arc<Comments>),
}

/// A function; its name says what it does.
#[derive(Debug)]
struct Shim {
    name: &'static str,
    kind: Kind,
    signature: Signature,
}

impl Shim {
    fn new(name: &'static str, kind: Kind) -> Self {
        let any = TypeSignature::OneOf(vec![TypeSignature::Nullary, TypeSignature::VariadicAny]);
        // Stable, or the planner would fold what a later session answers otherwise.
        Self { name, kind, signature: Signature::new(any, Volatility::Stable) }
    }
}

impl PartialEq for Shim {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Shim {}

impl Hash for Shim {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Shim {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match &self.kind {
            Kind::Fixed(value) => value.data_type(),
            Kind::Setting | Kind::Comment(_) => DataType::Utf8,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let text = |value: Option<String>| Ok(ColumnarValue::Scalar(ScalarValue::Utf8(value)));
        match &self.kind {
            Kind::Fixed(value) => Ok(ColumnarValue::Scalar(value.clone())),
            Kind::Setting => match args.args.first() {
                Some(ColumnarValue::Scalar(name)) => {
                    text(name.try_as_str().flatten().and_then(|name| Settings::default().get(name)))
                }
                _ => text(None),
            },
            Kind::Comment(comments) => comment(comments, self.name == "col_description", &args),
        }
    }
}

/// Looks comments up: of the column whose number is the second argument, or of the table.
fn comment(comments: &Comments, is_of_column: bool, args: &ScalarFunctionArgs) -> Result<ColumnarValue> {
    let numbers = |place: usize| -> Result<_> {
        let Some(argument) = args.args.get(place) else { return Ok(None) };
        let array = argument.to_array(args.number_rows)?;
        Ok(Some(cast(&array, &DataType::Int64)?).filter(|array| array.len() == args.number_rows))
    };
    let (tables, columns) = (numbers(0)?, if is_of_column { numbers(1)? } else { None });
    let at = |array: &Option<Arc<dyn Array>>, row: usize| {
        let array = array.as_ref()?.as_primitive::<Int64Type>();
        array.is_valid(row).then(|| array.value(row))
    };
    let mut texts = StringBuilder::new();
    for row in 0..args.number_rows {
        let column = if is_of_column { at(&columns, row) } else { Some(0) };
        texts.append_option(at(&tables, row).zip(column).and_then(|key| comments.get(&key)));
    }
    Ok(ColumnarValue::Array(Arc::new(texts.finish())))
}
