//! The file that `COPY … TO STDOUT` writes.

use datafusion::sql::sqlparser::ast::{CopyLegacyCsvOption, CopyLegacyOption, CopyOption};
use pgwire::error::PgWireError;

use crate::postgres::error::failed;

/// How `COPY` writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::postgres) struct File {
    pub(in crate::postgres) kind: Kind,
    pub(in crate::postgres) has_header: bool,
    pub(in crate::postgres) delimiter: char,
    pub(in crate::postgres) null: String,
}

/// The kind of a file of `COPY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::postgres) enum Kind {
    Text,
    Csv,
    Binary,
}

/// Reads the options of `COPY`, in today's words and in those before version 9.
pub(super) fn file(options: &[CopyOption], legacy: &[CopyLegacyOption]) -> Result<File, PgWireError> {
    let mut kind = Kind::Text;
    for option in options {
        if let CopyOption::Format(name) = option {
            kind = match name.value.to_ascii_lowercase().as_str() {
                "text" => Kind::Text,
                "csv" => Kind::Csv,
                "binary" => Kind::Binary,
                other => return Err(failed("22023", format!("COPY format \"{other}\" is not known"))),
            };
        }
    }
    for option in legacy {
        match option {
            CopyLegacyOption::Csv(_) => kind = Kind::Csv,
            CopyLegacyOption::Binary => kind = Kind::Binary,
            _ => {}
        }
    }
    let delimiter = if kind == Kind::Csv { ',' } else { '\t' };
    let null = if kind == Kind::Csv { "" } else { "\\N" };
    let mut file = File { kind, has_header: false, delimiter, null: null.into() };
    for option in options {
        match option {
            CopyOption::Format(_) | CopyOption::Encoding(_) | CopyOption::Quote('"') => {}
            CopyOption::Header(header) => file.has_header = *header,
            CopyOption::Delimiter(delimiter) => file.delimiter = *delimiter,
            CopyOption::Null(null) => file.null.clone_from(null),
            other => return Err(failed("0A000", format!("COPY option {other} is not known here"))),
        }
    }
    for option in legacy {
        match option {
            CopyLegacyOption::Binary => {}
            CopyLegacyOption::Delimiter(delimiter) => file.delimiter = *delimiter,
            CopyLegacyOption::Null(null) => file.null.clone_from(null),
            CopyLegacyOption::Csv(of_csv) => {
                for option in of_csv {
                    match option {
                        CopyLegacyCsvOption::Header => file.has_header = true,
                        other => return Err(failed("0A000", format!("COPY option {other} is not known here"))),
                    }
                }
            }
            other => return Err(failed("0A000", format!("COPY option {other} is not known here"))),
        }
    }
    Ok(file)
}
