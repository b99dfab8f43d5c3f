//! The third week: chance, decimals, and Roman numerals from a branch.

use super::super::Result;
use super::super::author::{BOT, INES, JONAS, MAYA, PRIYA, TOMAS};
use super::Edit::{Append, Replace, Write};
use super::Story;

pub(super) fn tell(story: &mut Story) -> Result<()> {
    story.commit(
        TOMAS,
        (14, 9, 12),
        "text: count a text in another\n",
        &[Append("lib/text.sh", COUNT), Append("tests/text.sh", COUNT_TEST)],
    )?;
    roman(story)?;
    story.commit(
        MAYA,
        (14, 13, 30),
        "number: max of negative numbers is negative\n",
        &[Replace("lib/number.sh", "    most=0\n", "    most=${1:-0}\n")],
    )?;
    story.commit(
        JONAS,
        (15, 9, 54),
        "random: draw a number\n",
        &[Write("lib/random.sh", RANDOM), Write("tests/random.sh", RANDOM_TESTS)],
    )?;
    story.commit(
        TOMAS,
        (15, 11, 15),
        "decimal: write and read decimal numbers\n\nWith the mark that the reader is used to: a comma for Germans.\n",
        &[Write("lib/decimal.sh", DECIMAL), Write("tests/decimal.sh", DECIMAL_TESTS)],
    )?;
    story.commit(
        INES,
        (15, 15, 28),
        "path: normalise\n",
        &[Append("lib/path.sh", NORMALISE), Append("tests/path.sh", NORMALISE_TEST)],
    )?;
    story.merge(PRIYA, (16, 6, 40), "roman")?;
    story.commit(
        TOMAS,
        (16, 10, 3),
        "decimal: read without starting processes\n\nTwo calls of cut for one number were a bit much.\n",
        &[Replace("lib/decimal.sh", READ_BY_CUT, READ_BY_EXPANSION)],
    )?;
    story.commit(BOT, (16, 16, 30), "Release 0.3.0\n", &[Replace("VERSION", "0.2.0", "0.3.0")])?;
    story.commit(
        MAYA,
        (17, 9, 20),
        "date: day of the year\n",
        &[Append("lib/date.sh", DAY_OF_YEAR), Append("tests/date.sh", DAY_OF_YEAR_TEST)],
    )?;
    story.commit(
        INES,
        (17, 10, 48),
        "number: gcd divides by the old divisor\n",
        &[Replace("lib/number.sh", GCD_WITHOUT_REMAINDER, GCD_BY_PARAMETERS)],
    )?;
    story.commit(
        JONAS,
        (17, 14, 5),
        "list: call a test by what it tests\n",
        &[Replace("tests/list.sh", "test_join() {", "test_join_puts_separators_between() {")],
    )?;
    story.commit(
        PRIYA,
        (18, 7, 50),
        "Add a .mailmap\n",
        &[Write(".mailmap", "Maya Lindqvist <maya@pocket.example> <maya.lindqvist@home.example>\n")],
    )?;
    story.commit(
        TOMAS,
        (18, 13, 17),
        "text: replace a text by another\n",
        &[Append("lib/text.sh", REPLACE), Append("tests/text.sh", REPLACE_TEST)],
    )?;
    Ok(())
}

/// Ines and Jonas write Roman numerals, on a branch.
fn roman(story: &mut Story) -> Result<()> {
    story.switch("roman");
    story.commit(
        INES,
        (14, 10, 36),
        "roman: Roman numerals\n",
        &[Write("lib/roman.sh", ROMAN), Write("tests/roman.sh", ROMAN_TESTS)],
    )?;
    story.commit(
        INES,
        (14, 15, 2),
        "number: gcd without a third variable\n",
        &[Replace("lib/number.sh", GCD_BY_REMAINDER, GCD_WITHOUT_REMAINDER)],
    )?;
    story.commit(
        JONAS,
        (15, 16, 21),
        "roman: in small letters too\n",
        &[Append("lib/roman.sh", SMALL), Append("tests/roman.sh", SMALL_TEST)],
    )?;
    story.switch("main");
    Ok(())
}

const COUNT: &str = r#"
# Prints how often a text stands in another: what, where.
count() {
    rest=$2
    found=0
    while [ "$rest" != "${rest#*"$1"}" ]; do
        rest=${rest#*"$1"}
        found=$((found + 1))
    done
    printf '%s\n' "$found"
}
"#;

const COUNT_TEST: &str = r#"
test_count() {
    equal "$(count o 'foo boo')" 4
    equal "$(count z 'foo boo')" 0
}
"#;

const RANDOM: &str = r#"# Functions of chance.

# Prints a number from 0 to below a bound, which is at most 256.
draw() {
    byte=$(od -An -N1 -tu1 /dev/urandom)
    printf '%s\n' $((${byte##* } % $1))
}
"#;

const RANDOM_TESTS: &str = r#"test_a_draw_is_below_its_bound() {
    holds [ "$(draw 6)" -lt 6 ]
    equal "$(draw 1)" 0
}

test_two_draws_differ() {
    first=$(draw 8)
    second=$(draw 8)
    refuses [ "$first" = "$second" ]
}
"#;

const DECIMAL: &str = r#"# Decimal numbers with two places, as people write them; inside they are hundredths.

case ${POCKET_LOCALE:-C} in
    de*) decimal_mark=, ;;
    *) decimal_mark=. ;;
esac

# Prints hundredths as a decimal number.
write_decimal() {
    printf '%d%s%02d\n' $(($1 / 100)) "$decimal_mark" $(($1 % 100))
}

# Prints a decimal number as hundredths.
read_decimal() {
    whole=$(printf '%s\n' "$1" | cut -d "$decimal_mark" -f 1)
    places=$(printf '%s\n' "$1" | cut -d "$decimal_mark" -f 2)
    printf '%s\n' $((whole * 100 + ${places#0}))
}
"#;

const READ_BY_CUT: &str = r#"    whole=$(printf '%s\n' "$1" | cut -d "$decimal_mark" -f 1)
    places=$(printf '%s\n' "$1" | cut -d "$decimal_mark" -f 2)
"#;

const READ_BY_EXPANSION: &str = r#"    whole=${1%.*}
    places=${1#*.}
"#;

const DECIMAL_TESTS: &str = r#"test_write_decimal() {
    equal "$(write_decimal 1234)" "12${decimal_mark}34"
    equal "$(write_decimal 5)" "0${decimal_mark}05"
}

test_what_is_written_is_read() {
    for number in 5 250 1234; do
        equal "$(read_decimal "$(write_decimal "$number")")" "$number"
    done
}
"#;

const NORMALISE: &str = r#"
# Prints a path without empty parts and points that stand for nothing.
normalise() {
    rest=$1/
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
}
"#;

const NORMALISE_TEST: &str = r#"
test_normalise() {
    equal "$(normalise a//b/./c)" a/b/c
    equal "$(normalise /./a/)" /a
    equal "$(normalise ./a)" a
}
"#;

const ROMAN: &str = r#"# Roman numerals.

# Prints a number from 1 on as a Roman numeral.
to_roman() {
    number=$1
    roman=
    for pair in 1000M 900CM 500D 400CD 100C 90XC 50L 40XL 10X 9IX 5V 4IV 1I; do
        value=${pair%%[!0-9]*}
        while [ "$number" -ge "$value" ]; do
            roman=$roman${pair#"$value"}
            number=$((number - value))
        done
    done
    printf '%s\n' "$roman"
}
"#;

const ROMAN_TESTS: &str = r#"test_to_roman() {
    equal "$(to_roman 1994)" MCMXCIV
    equal "$(to_roman 3)" III
}
"#;

const SMALL: &str = r#"
# Prints a number as a Roman numeral in small letters.
to_small_roman() {
    to_roman "$1" | tr A-Z a-z
}
"#;

const SMALL_TEST: &str = r#"
test_to_small_roman() {
    equal "$(to_small_roman 14)" xiv
}
"#;

const GCD_BY_REMAINDER: &str = "        remainder=$((a % b))\n        a=$b\n        b=$remainder\n";

const GCD_WITHOUT_REMAINDER: &str = "        a=$b\n        b=$((a % b))\n";

const GCD_BY_PARAMETERS: &str = "        set -- \"$b\" $((a % b))\n        a=$1\n        b=$2\n";

const DAY_OF_YEAR: &str = r#"
# Prints which day of its year a day is: year, month, day.
day_of_year() {
    day=$3
    earlier=1
    while [ "$earlier" -lt "$2" ]; do
        day=$((day + $(days_of_month "$1" "$earlier")))
        earlier=$((earlier + 1))
    done
    printf '%s\n' "$day"
}
"#;

const DAY_OF_YEAR_TEST: &str = r#"
test_day_of_year() {
    equal "$(day_of_year 2026 1 31)" 31
    equal "$(day_of_year 2026 3 1)" 60
}
"#;

const REPLACE: &str = r#"
# Prints a text with each occurrence of a text replaced: where, what, by what.
replace_all() {
    rest=$1
    replaced=
    while [ "$rest" != "${rest#*"$2"}" ]; do
        replaced=$replaced${rest%%"$2"*}$3
        rest=${rest#*"$2"}
    done
    printf '%s\n' "$replaced$rest"
}
"#;

const REPLACE_TEST: &str = r#"
test_replace() {
    equal "$(replace_all a-b-c - +)" a+b+c
    equal "$(replace_all abc - +)" abc
}
"#;
