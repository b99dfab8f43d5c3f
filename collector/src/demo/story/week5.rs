//! The fifth week: February is put right, and primes take their time.

use super::super::Result;
use super::super::author::{BOT, INES, JONAS, MAYA, PRIYA, TOMAS};
use super::Edit::{Append, Replace, Write};
use super::Story;

pub(super) fn tell(story: &mut Story) -> Result<()> {
    ordinals(story)?;
    story.commit(
        TOMAS,
        (28, 10, 22),
        "number: percentages\n",
        &[Append("lib/number.sh", PERCENT), Append("tests/number.sh", PERCENT_TEST)],
    )?;
    story.commit(
        MAYA,
        (29, 9, 40),
        "date: February has 29 days in leap years\n",
        &[Replace("lib/date.sh", "    month=$2\n    set --", LEAP_DAY)],
    )?;
    story.commit(
        JONAS,
        (29, 14, 18),
        "number: is_prime without a product\n\nA plain loop is easier to follow.\n",
        &[Replace("lib/number.sh", "[ $((divisor * divisor)) -le \"$1\" ]", "[ \"$divisor\" -lt \"$1\" ]")],
    )?;
    story.merge(PRIYA, (30, 6, 30), "ordinals")?;
    story.commit(
        INES,
        (30, 9, 5),
        "path: the folder of a path\n",
        &[Append("lib/path.sh", PARENT), Append("tests/path.sh", PARENT_TEST)],
    )?;
    story.commit(BOT, (30, 16, 30), "Release 0.5.0\n", &[Replace("VERSION", "0.4.0", "0.5.0")])?;
    story.commit(
        MAYA,
        (31, 9, 48),
        "text: say that pads do not cut\n",
        &[
            Replace(
                "lib/text.sh",
                "blanks before it, up to a width.",
                "blanks before it, up to a width; longer ones stay.",
            ),
            Replace(
                "lib/text.sh",
                "blanks after it, up to a width.",
                "blanks after it, up to a width; longer ones stay.",
            ),
        ],
    )?;
    story.commit(
        JONAS,
        (31, 13, 3),
        "text: blank texts\n",
        &[Append("lib/text.sh", BLANK), Append("tests/text.sh", BLANK_TEST)],
    )?;
    story.commit(
        TOMAS,
        (31, 15, 37),
        "number: least common multiple\n",
        &[Append("lib/number.sh", LCM), Append("tests/number.sh", LCM_TEST)],
    )?;
    story.commit(
        INES,
        (32, 9, 14),
        "list: from the last to the first\n",
        &[Append("lib/list.sh", BACKWARDS), Append("tests/list.sh", BACKWARDS_TEST)],
    )?;
    story.commit(
        PRIYA,
        (32, 10, 0),
        "runner: say how many tests failed\n",
        &[Replace(
            "run-tests.sh",
            "[ \"$failures\" -eq 0 ]",
            "printf '%d tests failed\\n' \"$failures\"\n[ \"$failures\" -eq 0 ]",
        )],
    )?;
    story.commit(
        MAYA,
        (32, 14, 29),
        "README: a table of the files\n",
        &[Append("README.md", "\n| file | what |\n|---|---|\n| `lib/text.sh` | pad, trim, wrap, replace |\n| `lib/date.sh` | leap years, months |\n")],
    )?;
    Ok(())
}

/// Maya and Jonas write ordinal numbers, on a branch.
fn ordinals(story: &mut Story) -> Result<()> {
    story.switch("ordinals");
    story.commit(
        MAYA,
        (28, 9, 8),
        "ordinal: first, second, third\n",
        &[Write("lib/ordinal.sh", ORDINAL), Write("tests/ordinal.sh", ORDINAL_TESTS)],
    )?;
    story.commit(
        JONAS,
        (29, 10, 51),
        "ordinal: eleventh to thirteenth\n",
        &[
            Replace(
                "lib/ordinal.sh",
                "    case $1 in\n",
                "    case $1 in\n        *11 | *12 | *13) printf '%sth\\n' \"$1\" ;;\n",
            ),
            Append("tests/ordinal.sh", "\ntest_teens() {\n    equal \"$(ordinal 111)\" 111th\n}\n"),
        ],
    )?;
    story.switch("main");
    Ok(())
}

const PERCENT: &str = r#"
# Prints how many percent of the second number the first one is, rounded.
percent() {
    printf '%s\n' $((($1 * 100 + $2 / 2) / $2))
}
"#;

const PERCENT_TEST: &str = r#"
test_percent() {
    equal "$(percent 2 3)" 67
    equal "$(percent 0 3)" 0
}
"#;

const LEAP_DAY: &str = r#"    if [ "$2" -eq 2 ] && is_leap_year "$1"; then
        echo 29
        return
    fi
    month=$2
    set --"#;

const ORDINAL: &str = r#"# Ordinal numbers.

# Prints a number as people count: 1st, 2nd, 3rd.
ordinal() {
    case $1 in
        *1) printf '%sst\n' "$1" ;;
        *2) printf '%snd\n' "$1" ;;
        *3) printf '%srd\n' "$1" ;;
        *) printf '%sth\n' "$1" ;;
    esac
}
"#;

const ORDINAL_TESTS: &str = r#"test_ordinals() {
    equal "$(ordinal 1)" 1st
    equal "$(ordinal 22)" 22nd
    equal "$(ordinal 4)" 4th
}
"#;

const PARENT: &str = r#"
# Prints the folder that a path lies in.
parent_of() {
    case $1 in
        */*) printf '%s\n' "${1%/*}" ;;
        *) printf '.\n' ;;
    esac
}
"#;

const PARENT_TEST: &str = r#"
test_parent() {
    equal "$(parent_of a/b/c)" a/b
    equal "$(parent_of a)" .
}
"#;

const BLANK: &str = r#"
# Succeeds if a text holds nothing but blanks.
is_blank() {
    [ -z "$(trim "$1")" ]
}
"#;

const BLANK_TEST: &str = r#"
test_is_blank() {
    holds is_blank '  '
    refuses is_blank ' x '
}
"#;

const LCM: &str = r#"
# Prints the least common multiple of two numbers.
lcm() {
    printf '%s\n' $(($1 / $(gcd "$1" "$2") * $2))
}
"#;

const LCM_TEST: &str = r#"
test_lcm() {
    equal "$(lcm 4 6)" 12
}
"#;

const BACKWARDS: &str = r#"
# Prints its arguments from the last to the first.
backwards() {
    lines=
    for item in "$@"; do
        lines="$item
$lines"
    done
    printf '%s' "$lines"
}
"#;

const BACKWARDS_TEST: &str = r#"
test_backwards() {
    equal "$(backwards a b c)" 'c
b
a'
}
"#;
