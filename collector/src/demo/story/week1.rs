//! The first week: the project begins.

use super::super::Result;
use super::super::author::{BOT, INES, JONAS, MAYA, PRIYA, TOMAS};
use super::Edit::{Append, Replace, Write};
use super::Story;

pub(super) fn tell(story: &mut Story) -> Result<()> {
    story.commit(
        PRIYA,
        (0, 8, 5),
        "Begin pocket: a runner and two functions\n",
        &[
            Write("README.md", include_str!("../project/README.md")),
            Write("run-tests.sh", include_str!("../project/run-tests.sh")),
            Write("lib/text.sh", TEXT),
            Write("tests/text.sh", TEXT_TESTS),
        ],
    )?;
    story.commit(
        MAYA,
        (0, 10, 40),
        "text: pad to a width\n",
        &[Append("lib/text.sh", PAD), Append("tests/text.sh", PAD_TESTS)],
    )?;
    story.commit(
        TOMAS,
        (0, 14, 2),
        "number: largest and smallest\n",
        &[Write("lib/number.sh", NUMBER), Write("tests/number.sh", NUMBER_TESTS)],
    )?;
    story.commit(
        INES,
        (1, 9, 18),
        "list: join and split\n",
        &[Write("lib/list.sh", LIST), Write("tests/list.sh", LIST_TESTS)],
    )?;
    story.commit(
        JONAS,
        (1, 13, 55),
        "text: prefixes and suffixes\n\nWithout grep, so that no process is started.\n",
        &[Append("lib/text.sh", AFFIXES), Append("tests/text.sh", AFFIX_TESTS)],
    )?;
    story.commit(
        INES,
        (1, 15, 31),
        "path: base name and extension\n",
        &[Write("lib/path.sh", PATH), Write("tests/path.sh", PATH_TESTS)],
    )?;
    story.commit(
        TOMAS,
        (2, 8, 44),
        "number: greatest common divisor\n",
        &[Append("lib/number.sh", GCD), Append("tests/number.sh", GCD_TEST)],
    )?;
    story.commit(
        INES,
        (2, 11, 20),
        "README: how to run the tests\n",
        &[Append("README.md", "\n`sh run-tests.sh` runs all tests; it needs nothing but sh and coreutils.\n")],
    )?;
    story.commit(BOT, (2, 12, 0), "Release 0.1.0\n", &[Write("VERSION", "0.1.0\n")])?;
    story.commit(
        JONAS,
        (3, 9, 3),
        "path: a place for a test of links\n",
        &[Append("tests/path.sh", "\ntest_a_link_keeps_its_name() {\n    skip 'no function reads links yet'\n}\n")],
    )?;
    story.commit(
        MAYA,
        (3, 10, 26),
        "date: leap years\n",
        &[Write("lib/date.sh", DATE), Write("tests/date.sh", DATE_TESTS)],
    )?;
    story.commit(
        TOMAS,
        (3, 15, 50),
        "number: primes\n",
        &[Append("lib/number.sh", PRIME), Append("tests/number.sh", PRIME_TEST)],
    )?;
    story.commit(
        INES,
        (4, 9, 37),
        "list: find an item\n",
        &[Append("lib/list.sh", AMONG), Append("tests/list.sh", AMONG_TEST)],
    )?;
    story.commit(
        PRIYA,
        (4, 11, 8),
        "README: say what the files are for\n",
        &[Replace("README.md", "in plain sh.", "in plain sh: text, numbers, lists, paths and dates.")],
    )?;
    Ok(())
}

const TEXT: &str = r#"# Functions on text.

# Prints a text without the blanks at its ends.
trim() {
    text=${1#"${1%%[! ]*}"}
    printf '%s\n' "${text%"${text##*[! ]}"}"
}

# Prints a text so many times.
repeat() {
    text=
    count=$2
    while [ "$count" -gt 0 ]; do
        text=$text$1
        count=$((count - 1))
    done
    printf '%s\n' "$text"
}
"#;

const TEXT_TESTS: &str = r#"test_trim() {
    equal "$(trim '  a b ')" 'a b'
    equal "$(trim '   ')" ''
}

test_repeat() {
    equal "$(repeat ab 3)" ababab
    equal "$(repeat ab 0)" ''
}
"#;

const PAD: &str = r#"
# Prints a text with blanks before it, up to a width.
pad_left() {
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

const PAD_TESTS: &str = r#"
test_pad_left() {
    equal "$(pad_left 7 3)" '  7'
    equal "$(pad_left long 3)" long
}

test_pad_right() {
    equal "$(pad_right 7 3)" '7  '
    equal "$(pad_right long 3)" long
}
"#;

const AFFIXES: &str = r#"
# Succeeds if a text begins with another.
starts_with() {
    case $1 in
        "$2"*) return 0 ;;
    esac
    return 1
}

# Succeeds if a text ends with another.
ends_with() {
    case $1 in
        *"$2") return 0 ;;
    esac
    return 1
}
"#;

const AFFIX_TESTS: &str = r#"
test_starts_with() {
    holds starts_with pocket po
    refuses starts_with pocket et
    refuses starts_with pocket 'p*'
}

test_ends_with() {
    holds ends_with pocket et
    refuses ends_with pocket po
}
"#;

const NUMBER: &str = r#"# Functions on whole numbers.

# Prints the largest of its arguments.
max() {
    most=$1
    for number in "$@"; do
        [ "$number" -le "$most" ] || most=$number
    done
    printf '%s\n' "$most"
}

# Prints the smallest of its arguments.
min() {
    least=$1
    for number in "$@"; do
        [ "$number" -ge "$least" ] || least=$number
    done
    printf '%s\n' "$least"
}
"#;

const NUMBER_TESTS: &str = r#"test_max() {
    equal "$(max 3 11 7)" 11
    equal "$(max -4 -9)" -4
}

test_min() {
    equal "$(min 3 11 7)" 3
    equal "$(min -4 -9)" -9
}
"#;

const GCD: &str = r#"
# Prints the greatest common divisor of two numbers.
gcd() {
    a=$1
    b=$2
    while [ "$b" -ne 0 ]; do
        remainder=$((a % b))
        a=$b
        b=$remainder
    done
    printf '%s\n' "$a"
}
"#;

const GCD_TEST: &str = r#"
test_gcd() {
    equal "$(gcd 12 18)" 6
    equal "$(gcd 7 0)" 7
}
"#;

const PRIME: &str = r#"
# Succeeds if a number is a prime.
is_prime() {
    [ "$1" -ge 2 ] || return 1
    divisor=2
    while [ $((divisor * divisor)) -le "$1" ]; do
        [ $(($1 % divisor)) -ne 0 ] || return 1
        divisor=$((divisor + 1))
    done
}
"#;

const PRIME_TEST: &str = r#"
test_primes_below_500() {
    primes=0
    candidate=0
    while [ "$candidate" -lt 500 ]; do
        if is_prime "$candidate"; then
            primes=$((primes + 1))
        fi
        candidate=$((candidate + 1))
    done
    equal "$primes" 95
}
"#;

const LIST: &str = r#"# Functions on lists: items are arguments going in and lines coming out.

# Prints its arguments with a separator between them; the separator comes first.
join() {
    separator=$1
    shift
    joined=
    for item in "$@"; do
        joined=$joined${joined:+$separator}$item
    done
    printf '%s\n' "$joined"
}

# Prints the fields of a text, one on a line; the separator comes first.
split() {
    rest=$2$1
    while [ -n "$rest" ]; do
        printf '%s\n' "${rest%%"$1"*}"
        rest=${rest#*"$1"}
    done
}
"#;

const LIST_TESTS: &str = r#"test_join() {
    equal "$(join , a b c)" a,b,c
    equal "$(join '; ' one)" one
}

test_split() {
    equal "$(split , a,b)" 'a
b'
    equal "$(split :: a::b:c)" 'a
b:c'
}
"#;

const AMONG: &str = r#"
# Succeeds if its first argument is among the others.
is_among() {
    wanted=$1
    shift
    for item in "$@"; do
        [ "$item" != "$wanted" ] || return 0
    done
    return 1
}
"#;

const AMONG_TEST: &str = r#"
test_is_among() {
    holds is_among b a b c
    refuses is_among d a b c
    refuses is_among a
}
"#;

const PATH: &str = r#"# Functions on paths; nothing here looks at the disk.

# Prints the last part of a path.
base_name() {
    path=${1%/}
    printf '%s\n' "${path##*/}"
}

# Prints what follows the last point of a file's name; a point in front begins no extension.
extension() {
    name=${1##*/}
    case $name in
        ?*.*) printf '%s\n' "${name##*.}" ;;
        *) printf '\n' ;;
    esac
}
"#;

const PATH_TESTS: &str = r#"test_base_name() {
    equal "$(base_name a/b/c.txt)" c.txt
    equal "$(base_name a/b/)" b
}

test_extension() {
    equal "$(extension a/b.tar.gz)" gz
    equal "$(extension a/.profile)" ''
}
"#;

const DATE: &str = r#"# Functions on dates of the Gregorian calendar.

# Succeeds if a year is a leap year.
is_leap_year() {
    [ $(($1 % 4)) -eq 0 ] || return 1
    [ $(($1 % 100)) -ne 0 ] || [ $(($1 % 400)) -eq 0 ]
}
"#;

const DATE_TESTS: &str = r#"test_leap_years() {
    holds is_leap_year 2024
    holds is_leap_year 2000
    refuses is_leap_year 2026
    refuses is_leap_year 1900
}
"#;
