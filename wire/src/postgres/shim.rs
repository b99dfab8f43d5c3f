//! Functions that Postgres' clients call and the engine lacks: each gives what is true of this server.

mod format;

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use annals_analytics::outside::type_name;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::setting::{SERVER_VERSION, Settings};
use super::texts::{Comments, Texts};
use format::format;

/// Returns the functions.
pub(super) fn functions(texts: &Arc<Texts>) -> Vec<ScalarUDF> {
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
        ("pg_describe_object", text(None)),
        ("pg_get_function_sqlbody", text(None)),
        ("pg_encoding_to_char", text(Some("UTF8"))),
        ("getdatabaseencoding", text(Some("UTF8"))),
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
        ("pg_opfamily_is_visible", flag(true)),
        ("pg_conversion_is_visible", flag(true)),
        ("pg_statistics_obj_is_visible", flag(true)),
        ("pg_ts_config_is_visible", flag(true)),
        ("pg_ts_dict_is_visible", flag(true)),
        ("pg_ts_parser_is_visible", flag(true)),
        ("pg_ts_template_is_visible", flag(true)),
        ("pg_char_to_encoding", ScalarValue::Int32(Some(6))),
        ("pg_type_is_visible", flag(true)),
        ("pg_operator_is_visible", flag(true)),
        ("pg_opclass_is_visible", flag(true)),
        ("pg_collation_is_visible", flag(true)),
        ("has_sequence_privilege", flag(false)),
        ("pg_has_role", flag(true)),
    ];
    let fixed = fixed.map(|(name, value)| ScalarUDF::new_from_impl(Shim::new(name, Kind::Fixed(value))));
    let lists: [(&str, List); 7] = [
        ("col_description", |texts| &texts.comments),
        ("obj_description", |texts| &texts.comments),
        ("pg_get_viewdef", |texts| &texts.definitions),
        ("pg_get_functiondef", |texts| &texts.bodies),
        ("pg_get_function_arguments", |texts| &texts.arguments),
        ("pg_get_function_identity_arguments", |texts| &texts.arguments),
        ("pg_get_function_result", |texts| &texts.results),
    ];
    let told = lists.map(|(name, list)| ScalarUDF::new_from_impl(Shim::new(name, Kind::Text(Arc::clone(texts), list))));
    let others = [
        ("format", Kind::Format),
        ("pg_typeof", Kind::Type),
        ("to_regproc", Kind::Routine(Arc::clone(texts))),
        ("has_any_column_privilege", Kind::Privilege),
        ("has_column_privilege", Kind::Privilege),
        ("has_database_privilege", Kind::Privilege),
        ("has_function_privilege", Kind::Privilege),
        ("has_schema_privilege", Kind::Privilege),
        ("has_table_privilege", Kind::Privilege),
    ];
    let others = others.map(|(name, kind)| ScalarUDF::new_from_impl(Shim::new(name, kind)));
    fixed.into_iter().chain(told).chain(others).chain(settled(texts, &Settings::default(), "")).collect()
}

/// Returns the functions that depend on who connects and on what they have set.
pub(super) fn settled(texts: &Arc<Texts>, settings: &Settings, user: &str) -> Vec<ScalarUDF> {
    let path: Vec<String> = settings.path().into_iter().map(str::to_owned).collect();
    let schema = ScalarValue::Utf8(path.first().cloned());
    let listed = path.iter().map(String::as_str).chain(["pg_catalog", "information_schema"]);
    let values: Vec<_> = listed.map(|name| ScalarValue::Utf8(Some(name.to_owned()))).collect();
    let schemas = |count: usize| ScalarValue::List(ScalarValue::new_list_nullable(&values[..count], &DataType::Utf8));
    let kinds = [
        // The parser writes `current_user` so, too.
        ("session_user", Kind::Fixed(ScalarValue::Utf8(Some(user.to_owned())))),
        ("user", Kind::Fixed(ScalarValue::Utf8(Some(user.to_owned())))),
        ("current_schema", Kind::Fixed(schema)),
        ("current_schemas", Kind::Either(schemas(values.len()), schemas(path.len()))),
        ("current_setting", Kind::Setting(settings.clone())),
        ("to_regclass", Kind::Number(Arc::clone(texts), path.clone())),
        ("pg_table_is_visible", Kind::Visible(Arc::new(texts.visible(&path)))),
    ];
    kinds.into_iter().map(|(name, kind)| ScalarUDF::new_from_impl(Shim::new(name, kind))).collect()
}

/// Takes one list of the texts.
type List = fn(&Texts) -> &Comments;

#[derive(Clone, Debug)]
enum Kind {
    Fixed(ScalarValue),
    /// The first where the argument is true.
    Either(ScalarValue, ScalarValue),
    Setting(Settings),
    Text(Arc<Texts>, List),
    Number(Arc<Texts>, Vec<String>),
    Visible(Arc<HashSet<i64>>),
    Routine(Arc<Texts>),
    Format,
    /// Whether the last argument names one of [`PRIVILEGES`].
    Privilege,
    Type,
}

/// What may be done here.
const PRIVILEGES: [&str; 4] = ["select", "usage", "connect", "execute"];

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
            Kind::Fixed(value) | Kind::Either(value, _) => value.data_type(),
            Kind::Setting(_) | Kind::Text(_, _) | Kind::Format | Kind::Type => DataType::Utf8,
            Kind::Number(_, _) | Kind::Routine(_) => DataType::Int32,
            Kind::Visible(_) | Kind::Privilege => DataType::Boolean,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let text = |value: Option<String>| Ok(ColumnarValue::Scalar(ScalarValue::Utf8(value)));
        match &self.kind {
            Kind::Fixed(value) => Ok(ColumnarValue::Scalar(value.clone())),
            Kind::Either(first, second) => {
                let is_first =
                    matches!(args.args.first(), Some(ColumnarValue::Scalar(ScalarValue::Boolean(Some(true)))));
                Ok(ColumnarValue::Scalar(if is_first { first } else { second }.clone()))
            }
            Kind::Setting(settings) => match args.args.first() {
                Some(ColumnarValue::Scalar(name)) => {
                    text(name.try_as_str().flatten().and_then(|name| settings.get(name)))
                }
                _ => text(None),
            },
            Kind::Text(texts, list) => comment(list(texts), self.name == "col_description", &args),
            Kind::Number(texts, path) => {
                let names = strings(&args, 0)?;
                let number = |name: Option<&str>| i32::try_from(texts.number(name?, path)?).ok();
                Ok(ColumnarValue::Array(Arc::new(names.as_string::<i32>().iter().map(number).collect::<Int32Array>())))
            }
            Kind::Visible(tables) => {
                let Some(numbers) = numbers(&args, 0)? else {
                    return Ok(ColumnarValue::Scalar(ScalarValue::Boolean(None)));
                };
                let numbers = numbers.as_primitive::<Int64Type>().iter();
                let seen = numbers.map(|number| Some(tables.contains(&number?)));
                Ok(ColumnarValue::Array(Arc::new(seen.collect::<BooleanArray>())))
            }
            Kind::Routine(texts) => {
                let names = strings(&args, 0)?;
                let number = |name: Option<&str>| i32::try_from(texts.routine(name?)?).ok();
                Ok(ColumnarValue::Array(Arc::new(names.as_string::<i32>().iter().map(number).collect::<Int32Array>())))
            }
            Kind::Format => format(&args),
            Kind::Privilege => {
                let words = strings(&args, args.args.len().saturating_sub(1))?;
                let is_given = |word: &str| PRIVILEGES.contains(&word.trim().to_ascii_lowercase().as_str());
                let may = words.as_string::<i32>().iter().map(|words| Some(words?.split(',').any(is_given)));
                Ok(ColumnarValue::Array(Arc::new(may.collect::<BooleanArray>())))
            }
            Kind::Type => text(args.arg_fields.first().map(|field| type_name(field.data_type()).to_owned())),
        }
    }
}

/// Returns an argument as texts.
fn strings(args: &ScalarFunctionArgs, place: usize) -> Result<ArrayRef> {
    let none = || DataFusionError::Plan("an argument is missing".into());
    let array = args.args.get(place).ok_or_else(none)?.to_array(args.number_rows)?;
    Ok(cast(&array, &DataType::Utf8)?)
}

/// Returns an argument as numbers, if it has one for each row.
fn numbers(args: &ScalarFunctionArgs, place: usize) -> Result<Option<ArrayRef>> {
    let Some(argument) = args.args.get(place) else { return Ok(None) };
    let array = argument.to_array(args.number_rows)?;
    Ok(Some(cast(&array, &DataType::Int64)?).filter(|array| array.len() == args.number_rows))
}

/// Looks comments up: of the column whose number is the second argument, or of the table.
fn comment(comments: &Comments, is_of_column: bool, args: &ScalarFunctionArgs) -> Result<ColumnarValue> {
    let (tables, columns) = (numbers(args, 0)?, if is_of_column { numbers(args, 1)? } else { None });
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
