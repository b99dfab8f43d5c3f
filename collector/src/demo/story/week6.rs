//! The sixth week: fields, weekdays, and where the project stands today.

use super::super::Result;
use super::super::author::{BOT, INES, JONAS, MAYA, MAYA_AT_HOME, PRIYA, TOMAS};
use super::Edit::{Append, Replace, Write};
use super::Story;

pub(super) fn tell(story: &mut Story) -> Result<()> {
    story.commit(
        MAYA,
        (35, 9, 17),
        "date: weekdays\n\nZeller's congruence.\n",
        &[Append("lib/date.sh", WEEKDAY), Append("tests/date.sh", WEEKDAY_TEST)],
    )?;
    story.commit(
        TOMAS,
        (35, 11, 44),
        "list: let the shell split fields\n\nIt does that well.\n",
        &[Replace("lib/list.sh", SPLIT_BY_LOOP, SPLIT_BY_SHELL)],
    )?;
    story.commit(
        TOMAS,
        (35, 13, 20),
        "list: split at whole separators\n\nIFS splits at each of its letters.\n",
        &[Replace("lib/list.sh", SPLIT_BY_SHELL, SPLIT_BY_LOOP)],
    )?;
    rows(story)?;
    story.commit(
        JONAS,
        (36, 9, 2),
        "text: repeat counts upwards\n",
        &[Replace("lib/text.sh", REPEAT_DOWN, REPEAT_UP)],
    )?;
    story.merge(PRIYA, (36, 12, 10), "rows")?;
    story.commit(
        INES,
        (36, 14, 55),
        "path: absolute paths\n",
        &[Append("lib/path.sh", ABSOLUTE), Append("tests/path.sh", ABSOLUTE_TEST)],
    )?;
    story.commit(BOT, (36, 16, 30), "Release 0.6.0\n", &[Replace("VERSION", "0.5.0", "0.6.0")])?;
    story.commit(
        JONAS,
        (37, 9, 33),
        "list: leave out repetitions in one line\n\nsort can do that.\n",
        &[Replace("lib/list.sh", UNIQUE_BY_LOOP, "    printf '%s\\n' \"$@\" | sort -u\n")],
    )?;
    story.commit(
        MAYA_AT_HOME,
        (37, 18, 40),
        "README: dates are Gregorian\n",
        &[Replace("README.md", "leap years, months |", "leap years, months, weekdays; Gregorian |")],
    )?;
    story.commit(
        TOMAS,
        (38, 9, 21),
        "number: keep a number within bounds\n",
        &[Append("lib/number.sh", CLAMP), Append("tests/number.sh", CLAMP_TEST)],
    )?;
    story.commit(
        PRIYA,
        (38, 10, 15),
        "runner: explain the exit status\n",
        &[Replace("run-tests.sh", "set -u\n", "# Any other status means that the suite could not run.\nset -u\n")],
    )?;
    story.commit(
        INES,
        (38, 13, 49),
        "csv: a field with line breaks needs quotes\n",
        &[
            Replace("lib/csv.sh", "        *[,\\\"]*)", "        *[,\\\"'\n']*)"),
            Append("tests/csv.sh", "\ntest_line_breaks() {\n    equal \"$(csv_field 'a\nb')\" '\"a\nb\"'\n}\n"),
        ],
    )?;
    story.commit(
        MAYA,
        (39, 9, 6),
        "date: quarters\n",
        &[Append("lib/date.sh", QUARTER), Append("tests/date.sh", QUARTER_TEST)],
    )?;
    story.commit(
        JONAS,
        (39, 11, 30),
        "README: the rest of the files\n",
        &[Append("README.md", "| `lib/csv.sh` | fields and rows |\n| `lib/roman.sh`, `lib/ordinal.sh` | numerals |\n")],
    )?;
    story.commit(BOT, (39, 16, 30), "Release 0.7.0\n", &[Replace("VERSION", "0.6.0", "0.7.0")])?;
    Ok(())
}

/// Ines writes rows of CSV, on a branch.
fn rows(story: &mut Story) -> Result<()> {
    story.switch("rows");
    story.commit(INES, (35, 15, 10), "csv: rows\n", &[Append("lib/csv.sh", ROW), Append("tests/csv.sh", ROW_TEST)])?;
    story.commit(
        INES,
        (36, 8, 32),
        "examples: a row of CSV\n",
        &[Write("examples/csv.sh", ". lib/text.sh\n. lib/csv.sh\ncsv_row name 'a, b'\n")],
    )?;
    story.switch("main");
    Ok(())
}

const WEEKDAY: &str = r#"
# Prints the number of a weekday, Monday being 1: year, month, day.
weekday() {
    year=$1
    month=$2
    if [ "$month" -le 2 ]; then
        month=$((month + 12))
        year=$((year - 1))
    fi
    zeller=$((($3 + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400) % 7))
    printf '%s\n' $(((zeller + 5) % 7 + 1))
}
"#;

const WEEKDAY_TEST: &str = r#"
test_weekday() {
    equal "$(weekday 2026 11 9)" 1
    equal "$(weekday 2000 1 1)" 6
}
"#;

const SPLIT_BY_LOOP: &str = r#"    rest=$2$1
    while [ -n "$rest" ]; do
        printf '%s\n' "${rest%%"$1"*}"
        rest=${rest#*"$1"}
    done
"#;

const SPLIT_BY_SHELL: &str = r#"    set -f
    IFS=$1
    printf '%s\n' $2
"#;

const REPEAT_DOWN: &str = r#"    count=$2
    while [ "$count" -gt 0 ]; do
        text=$text$1
        count=$((count - 1))
    done
"#;

const REPEAT_UP: &str = r#"    count=0
    while [ "$count" -lt "$2" ]; do
        text=$text$1
        count=$((count + 1))
    done
"#;

const ROW: &str = r#"
# Prints its arguments as one row.
csv_row() {
    row=
    for value in "$@"; do
        row=$row,$(csv_field "$value")
    done
    printf '%s\n' "${row#,}"
}
"#;

const ROW_TEST: &str = r#"
test_csv_row() {
    equal "$(csv_row a 'b,c' '')" 'a,"b,c",'
}
"#;

const ABSOLUTE: &str = r#"
# Succeeds if a path begins at the root.
is_absolute() {
    case $1 in
        /*) return 0 ;;
    esac
    return 1
}
"#;

const ABSOLUTE_TEST: &str = r#"
test_is_absolute() {
    holds is_absolute /a
    refuses is_absolute a/b
}
"#;

const UNIQUE_BY_LOOP: &str = r#"    seen=
    for item in "$@"; do
        case $seen in
            *"|$item|"*) continue ;;
        esac
        seen="$seen|$item|"
        printf '%s\n' "$item"
    done
"#;

const CLAMP: &str = r#"
# Prints a number that is brought within bounds: least, number, most.
clamp() {
    max "$1" "$(min "$2" "$3")"
}
"#;

const CLAMP_TEST: &str = r#"
test_clamp() {
    equal "$(clamp 0 12 10)" 10
    equal "$(clamp 0 -2 10)" 0
}
"#;

const QUARTER: &str = r#"
# Prints the quarter of a month.
quarter() {
    printf '%s\n' $((($1 + 2) / 3))
}
"#;

const QUARTER_TEST: &str = r#"
test_quarter() {
    equal "$(quarter 3)" 1
    equal "$(quarter 10)" 4
}
"#;
