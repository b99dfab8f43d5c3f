//! The fourth week: a path is put right by taking a change back, and a name changes on a branch.

use super::super::Result;
use super::super::author::{BOT, INES, JONAS, MAYA, PRIYA, TOMAS};
use super::Edit::{Append, Replace, Write};
use super::Story;

pub(super) fn tell(story: &mut Story) -> Result<()> {
    story.commit(
        INES,
        (21, 8, 58),
        "decimal: read the mark that was written\n\nIt is not always a point.\n",
        &[
            Replace("lib/decimal.sh", "whole=${1%.*}", "whole=${1%\"$decimal_mark\"*}"),
            Replace("lib/decimal.sh", "places=${1#*.}", "places=${1#*\"$decimal_mark\"}"),
        ],
    )?;
    story.commit(
        MAYA,
        (21, 10, 30),
        "README: decimals and chance\n",
        &[Replace("README.md", "paths and dates.", "paths, dates, decimals and chance.")],
    )?;
    rename(story)?;
    let shorter = story.commit(
        MAYA,
        (21, 14, 44),
        "path: normalise in two replacements\n\nThe loop over all parts was long.\n",
        &[Replace("lib/path.sh", NORMALISE_BY_LOOP, NORMALISE_BY_REPLACEMENT)],
    )?;
    story.commit(
        JONAS,
        (22, 9, 31),
        "text: turn a text around\n",
        &[Append("lib/text.sh", REVERSE), Append("tests/text.sh", REVERSE_TEST)],
    )?;
    story.commit(
        TOMAS,
        (22, 13, 8),
        "list: sort numbers\n",
        &[Append("lib/list.sh", SORT), Append("tests/list.sh", SORT_TEST)],
    )?;
    story.revert(INES, (22, 15, 40), shorter)?;
    story.commit(
        MAYA,
        (23, 10, 12),
        "path: paths from Windows\n",
        &[Append("lib/path.sh", WINDOWS), Append("tests/path.sh", WINDOWS_TEST)],
    )?;
    story.merge(PRIYA, (23, 12, 5), "replace-text")?;
    story.commit(BOT, (23, 16, 30), "Release 0.4.0\n", &[Replace("VERSION", "0.3.0", "0.4.0")])?;
    story.commit(
        TOMAS,
        (24, 9, 16),
        "base: octal\n",
        &[Append("lib/base.sh", "\n# Prints a number in octal.\nto_octal() {\n    printf '%o\\n' \"$1\"\n}\n")],
    )?;
    story.commit(
        PRIYA,
        (24, 9, 50),
        "path: from_windows calls replace_text\n",
        &[Replace("lib/path.sh", "replace_all", "replace_text")],
    )?;
    story.commit(
        INES,
        (25, 9, 2),
        "text: wrap at a width\n\nWords that are wider than a line are still to be cut; the test says how.\n",
        &[Append("lib/text.sh", WRAP), Append("tests/text.sh", WRAP_TESTS)],
    )?;
    story.commit(
        JONAS,
        (25, 13, 26),
        "README: where failures are told\n",
        &[Append("README.md", "\n`sh run-tests.sh report.xml` writes a JUnit report.\n")],
    )?;
    Ok(())
}

/// Jonas and Ines give a function another name, on a branch.
fn rename(story: &mut Story) -> Result<()> {
    story.switch("replace-text");
    story.commit(
        JONAS,
        (21, 13, 15),
        "text: replace_all becomes replace_text\n\nIt replaces texts, not patterns.\n",
        &[
            Replace("lib/text.sh", "replace_all() {", "replace_text() {"),
            Replace("tests/text.sh", "$(replace_all a-b-c - +)", "$(replace_text a-b-c - +)"),
            Replace("tests/text.sh", "$(replace_all abc - +)", "$(replace_text abc - +)"),
        ],
    )?;
    story.commit(
        INES,
        (22, 10, 20),
        "csv: one field\n\nWith replace_text for the quotes.\n",
        &[Write("lib/csv.sh", CSV), Write("tests/csv.sh", CSV_TESTS)],
    )?;
    story.switch("main");
    Ok(())
}

const NORMALISE_BY_LOOP: &str = r#"    rest=$1/
    path=
    case $1 in
        /*) path=/ ;;
    esac
    while [ -n "$rest" ]; do
        part=${rest%%/*}
        rest=${rest#*/}
        case $part in
            '' | .) continue ;;
        esac
        case $path in
            '' | /) path=$path$part ;;
            *) path=$path/$part ;;
        esac
    done
    printf '%s\n' "$path"
"#;

const NORMALISE_BY_REPLACEMENT: &str = r#"    path=$(replace_all "$1" // /)
    path=$(replace_all "$path" /./ /)
    printf '%s\n' "${path%/}"
"#;

const REVERSE: &str = r#"
# Prints a text from its end to its beginning.
reverse() {
    rest=$1
    reversed=
    while [ -n "$rest" ]; do
        reversed=${rest%"${rest#?}"}$reversed
        rest=${rest#?}
    done
    printf '%s\n' "$reversed"
}
"#;

const REVERSE_TEST: &str = r#"
test_reverse() {
    equal "$(reverse pocket)" tekcop
    equal "$(reverse '')" ''
}
"#;

const SORT: &str = r#"
# Prints its arguments from the smallest number to the largest.
sort_numbers() {
    printf '%s\n' "$@" | sort -n
}
"#;

const SORT_TEST: &str = r#"
test_sort_numbers() {
    equal "$(sort_numbers 10 9 -1)" '-1
9
10'
}
"#;

const WINDOWS: &str = r#"
# Prints a path from Windows with slashes.
from_windows() {
    replace_all "$1" '\' /
}
"#;

const WINDOWS_TEST: &str = r#"
test_from_windows() {
    equal "$(from_windows 'a\b\c.txt')" a/b/c.txt
}
"#;

const CSV: &str = r#"# Comma-separated values.

# Prints a text as one field, in quotes if it needs them.
csv_field() {
    case $1 in
        *[,\"]*) printf '"%s"\n' "$(replace_text "$1" '"' '""')" ;;
        *) printf '%s\n' "$1" ;;
    esac
}
"#;

const CSV_TESTS: &str = r#"test_csv_field() {
    equal "$(csv_field plain)" plain
    equal "$(csv_field 'a,b')" '"a,b"'
    equal "$(csv_field 'say "x"')" '"say ""x"""'
}
"#;

const WRAP: &str = r#"
# Prints a text in lines of at most a width: width, text.
wrap() {
    line=
    for word in $2; do
        if [ -z "$line" ]; then
            line=$word
        elif [ $((${#line} + 1 + ${#word})) -le "$1" ]; then
            line="$line $word"
        else
            printf '%s\n' "$line"
            line=$word
        fi
    done
    printf '%s\n' "$line"
}
"#;

const WRAP_TESTS: &str = r#"
test_wrap() {
    equal "$(wrap 7 'one two three')" 'one two
three'
}

test_wrap_cuts_long_words() {
    equal "$(wrap 4 'a longest b')" 'a
long
est
b'
}
"#;
