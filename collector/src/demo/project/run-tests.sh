#!/bin/sh
# Runs every function test_* of tests/*.sh, each in a shell of its own.
#
#   sh run-tests.sh              tells of failures and exits with 1 if there are any
#   sh run-tests.sh report.xml   writes a JUnit report as well; exits with 0 if the suite ran to its end
set -u
report=${1:-}
scratch=${report:-report}.tmp
suites=
failures=0

for library in lib/*.sh; do
    . "./$library"
done

# Fails the test unless both texts are equal: first what came out, then what should have.
equal() {
    [ "$1" = "$2" ] && return
    printf 'expected "%s", got "%s"\n' "$2" "$1"
    exit 1
}

# Fails the test unless the command succeeds.
holds() {
    "$@" && return
    printf 'does not hold: %s\n' "$*"
    exit 1
}

# Fails the test if the command succeeds.
refuses() {
    "$@" || return 0
    printf 'holds, but should not: %s\n' "$*"
    exit 1
}

# Ends the test without a verdict.
skip() {
    printf '%s\n' "$1"
    exit 77
}

# Sets $escaped to a text as XML wants it.
escape() {
    rest=$1
    escaped=
    while [ -n "$rest" ]; do
        plain=${rest%%[\&\<\>\"]*}
        escaped=$escaped$plain
        rest=${rest#"$plain"}
        case $rest in
            '&'*) escaped="$escaped&amp;" ;;
            '<'*) escaped="$escaped&lt;" ;;
            '>'*) escaped="$escaped&gt;" ;;
            '"'*) escaped="$escaped&quot;" ;;
        esac
        rest=${rest#?}
    done
}

# Runs one test and adds it to $cases.
run_test() {
    before=$(date +%s%N)
    (set -e; "$1") >"$scratch" 2>&1 </dev/null
    status=$?
    micros=$((($(date +%s%N) - before) / 1000))
    time=$(printf '%d.%06d' $((micros / 1000000)) $((micros % 1000000)))
    head="    <testcase classname=\"$suite\" name=\"$1\" time=\"$time\""
    if [ "$status" -eq 0 ]; then
        cases="$cases$head/>
"
        return
    fi
    text=$(cat "$scratch")
    escape "$text"
    case $status in
        1) kind=failure ;;
        77) kind=skipped ;;
        *) kind=error; escaped="exit status $status: $escaped" ;;
    esac
    cases="$cases$head><$kind message=\"$escaped\"/></testcase>
"
    [ "$kind" = skipped ] && return
    failures=$((failures + 1))
    printf '%s %s: %s\n' "$suite" "$1" "$text" >&2
}

for file in tests/*.sh; do
    suite=${file#tests/}
    suite=${suite%.sh}
    cases=
    . "./$file"
    while read -r line; do
        case $line in
            test_*'() {') run_test "${line%%'('*}" ;;
        esac
    done <"$file"
    suites="$suites  <testsuite name=\"$suite\">
$cases  </testsuite>
"
done
rm -f "$scratch"

if [ -n "$report" ]; then
    printf '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="pocket">\n%s</testsuites>\n' "$suites" >"$report"
    exit 0
fi
[ "$failures" -eq 0 ]
