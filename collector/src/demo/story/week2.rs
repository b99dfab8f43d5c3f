//! The second week: months, bases, and a list that does not parse.

use super::super::Result;
use super::super::author::{BOT, INES, JONAS, MAYA, MAYA_AT_HOME, PRIYA, TOMAS};
use super::Edit::{Append, Replace, Write};
use super::Story;

pub(super) fn tell(story: &mut Story) -> Result<()> {
    story.commit(
        JONAS,
        (7, 8, 30),
        "text: pad without a loop\n\nprintf knows how.\n",
        &[Replace("lib/text.sh", PAD_BY_LOOP, PAD_BY_PRINTF)],
    )?;
    story.commit(
        MAYA_AT_HOME,
        (7, 19, 12),
        "date: days of a month\n",
        &[Append("lib/date.sh", MONTH), Append("tests/date.sh", MONTH_TESTS)],
    )?;
    story.commit(
        TOMAS,
        (8, 9, 25),
        "README: an example\n",
        &[Append("README.md", "\n    . lib/text.sh\n    pad_right pocket 10\n")],
    )?;
    story.commit(
        JONAS,
        (8, 13, 47),
        "text: pad_left has its blanks on the left again\n",
        &[Replace(
            "lib/text.sh",
            "pad_left() {\n    printf \"%-$2s\\n\" \"$1\"",
            "pad_left() {\n    printf \"%$2s\\n\" \"$1\"",
        )],
    )?;
    story.commit(
        INES,
        (9, 9, 9),
        "list: leave out repetitions\n",
        &[Append("lib/list.sh", UNIQUE), Append("tests/list.sh", UNIQUE_TEST)],
    )?;
    bases(story)?;
    story.commit(
        MAYA,
        (9, 10, 55),
        "date: month lengths from a table\n\nShorter than the case, and easier to check.\n",
        &[Replace("lib/date.sh", MONTH_BY_CASE, MONTH_BY_TABLE)],
    )?;
    story.commit(
        TOMAS,
        (9, 14, 20),
        "number: sum\n",
        &[Append("lib/number.sh", SUM), Append("tests/number.sh", SUM_TEST)],
    )?;
    story.merge(PRIYA, (9, 16, 2), "bases")?;
    story.commit(BOT, (9, 16, 30), "Release 0.2.0\n", &[Replace("VERSION", "0.1.0", "0.2.0")])?;
    story.commit(
        PRIYA,
        (10, 7, 15),
        "runner: run a failed test up to twice more\n\nAll runs are in the report.\n",
        &[
            Replace("run-tests.sh", "    failures=$((failures + 1))\n    printf '%s %s", "    printf '%s %s"),
            Replace("run-tests.sh", "\"$text\" >&2\n}", "\"$text\" >&2\n    return 1\n}"),
            Replace("run-tests.sh", "test_*'() {') run_test \"${line%%'('*}\" ;;", RUN_AGAIN),
        ],
    )?;
    story.commit(
        TOMAS,
        (10, 9, 41),
        "list: join keeps empty items apart\n\n`join , '' b` printed `b`, not `,b`.\n",
        &[Replace("lib/list.sh", JOIN_BY_EXPANSION, JOIN_BY_CASE)],
    )?;
    story.commit(
        MAYA,
        (10, 11, 6),
        "number: max of nothing is 0\n\nIt was an unset parameter.\n",
        &[Replace("lib/number.sh", "    most=$1\n", "    most=0\n")],
    )?;
    story.commit(
        JONAS,
        (10, 14, 33),
        "README: what POSIX means here\n",
        &[Append("README.md", "\nEverything runs in dash; what only bash knows is not used.\n")],
    )?;
    story.commit(
        INES,
        (10, 16, 49),
        "list: close the case in join\n",
        &[Replace("lib/list.sh", "$separator$item ;;\n    done", "$separator$item ;;\n        esac\n    done")],
    )?;
    Ok(())
}

/// Tomás writes numbers in other bases, on a branch.
fn bases(story: &mut Story) -> Result<()> {
    story.switch("bases");
    story.commit(
        TOMAS,
        (9, 9, 50),
        "base: hexadecimal\n",
        &[Write("lib/base.sh", BASE), Write("tests/base.sh", BASE_TESTS)],
    )?;
    story.commit(
        TOMAS,
        (9, 11, 32),
        "base: binary\n",
        &[Append("lib/base.sh", BINARY), Append("tests/base.sh", BINARY_TEST)],
    )?;
    story.switch("main");
    Ok(())
}

const PAD_BY_LOOP: &str = r#"pad_left() {
    text=$1
    while [ ${#text} -lt "$2" ]; do
        text=" $text"
    done
    printf '%s\n' "$text"
}

# Prints a text with blanks after it, up to a width.
pad_right() {
    text=$1
    while [ ${#text} -lt "$2" ]; do
        text="$text "
    done
    printf '%s\n' "$text"
}
"#;

const PAD_BY_PRINTF: &str = r#"pad_left() {
    printf "%-$2s\n" "$1"
}

# Prints a text with blanks after it, up to a width.
pad_right() {
    printf "%-$2s\n" "$1"
}
"#;

const MONTH: &str = r#"
# Prints how many days a month has: year, month.
days_of_month() {
    case $2 in
        2) if is_leap_year "$1"; then echo 29; else echo 28; fi ;;
        4 | 6 | 9 | 11) echo 30 ;;
        *) echo 31 ;;
    esac
}
"#;

const MONTH_BY_CASE: &str = r#"    case $2 in
        2) if is_leap_year "$1"; then echo 29; else echo 28; fi ;;
        4 | 6 | 9 | 11) echo 30 ;;
        *) echo 31 ;;
    esac
"#;

const MONTH_BY_TABLE: &str = r#"    month=$2
    set -- 31 28 31 30 31 30 31 31 30 31 30 31
    shift $((month - 1))
    printf '%s\n' "$1"
"#;

const MONTH_TESTS: &str = r#"
test_days_of_april() {
    equal "$(days_of_month 2026 4)" 30
    equal "$(days_of_month 2026 12)" 31
}

test_days_of_february() {
    equal "$(days_of_month 2026 2)" 28
    equal "$(days_of_month 2024 2)" 29
}
"#;

const UNIQUE: &str = r#"
# Prints its arguments without repetitions, in the order in which they first stand.
unique() {
    seen=
    for item in "$@"; do
        case $seen in
            *"|$item|"*) continue ;;
        esac
        seen="$seen|$item|"
        printf '%s\n' "$item"
    done
}
"#;

const UNIQUE_TEST: &str = r#"
test_unique_keeps_the_order() {
    equal "$(unique b a b c a)" 'b
a
c'
}
"#;

const SUM: &str = r#"
# Prints the sum of its arguments.
sum() {
    total=0
    for number in "$@"; do
        total=$((total + number))
    done
    printf '%s\n' "$total"
}
"#;

const SUM_TEST: &str = r#"
test_sum() {
    equal "$(sum 1 2 39)" 42
    equal "$(sum)" 0
}
"#;

const BASE: &str = r#"# Whole numbers in other bases.

# Prints a number in hexadecimal.
to_hex() {
    printf '%x\n' "$1"
}
"#;

const BASE_TESTS: &str = r#"test_to_hex() {
    equal "$(to_hex 255)" ff
    equal "$(to_hex 0)" 0
}
"#;

const BINARY: &str = r#"
# Prints a number in binary.
to_binary() {
    number=$1
    digits=
    while [ "$number" -gt 1 ]; do
        digits=$((number % 2))$digits
        number=$((number / 2))
    done
    printf '%s\n' "$number$digits"
}
"#;

const BINARY_TEST: &str = r#"
test_to_binary() {
    equal "$(to_binary 10)" 1010
    equal "$(to_binary 0)" 0
}
"#;

const JOIN_BY_EXPANSION: &str = r#"    joined=
    for item in "$@"; do
        joined=$joined${joined:+$separator}$item
    done
"#;

const JOIN_BY_CASE: &str = r#"    joined=${1-}
    [ $# -eq 0 ] || shift
    for item in "$@"; do
        case $item in
            '') joined=$joined$separator ;;
            *) joined=$joined$separator$item ;;
    done
"#;

const RUN_AGAIN: &str = r#"test_*'() {')
                name=${line%%'('*}
                run_test "$name" || run_test "$name" || run_test "$name" || failures=$((failures + 1))
                ;;"#;
