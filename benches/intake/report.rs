//! Generated JUnit files: the same for the same numbers, on every machine.
//!
//! A case has a class of a thousand cases, a parameterised name and a time; two in a hundred are skipped, one in two
//! hundred fails with a message and a trace of twelve lines. What befalls a case follows from the seed and its number
//! alone, so 400,000 cases (48 MB) are also the beginning of four times as many.

use std::io::{self, Write};

/// Cases of one class.
const CLASS: usize = 1000;

/// Writes a report of `count` cases; another `seed` gives other failures and times of the same tests.
pub(crate) fn write(out: &mut impl Write, seed: u64, count: usize) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"bench\" tests=\"{count}\">")?;
    for first in (0..count).step_by(CLASS) {
        let class = class(first / CLASS);
        let tests = CLASS.min(count - first);
        writeln!(out, "  <testsuite name=\"{class}\" tests=\"{tests}\">")?;
        for number in first..first + tests {
            case(out, &class, number, mix(seed, number as u64))?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn case(out: &mut impl Write, class: &str, number: usize, random: u64) -> io::Result<()> {
    let micros = random >> 44;
    let seconds = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    write!(out, "    <testcase classname=\"{class}\" name=\"test_case_{number:07}[linux-x86_64]\" time=\"{seconds}\"")?;
    match random % 200 {
        0 => failure(out, number, random),
        1..=4 => writeln!(out, "><skipped message=\"not on this platform\"/></testcase>"),
        _ => writeln!(out, "/>"),
    }
}

fn failure(out: &mut impl Write, number: usize, random: u64) -> io::Result<()> {
    let (left, line) = (random % 977, random % 389);
    writeln!(out, "><failure message=\"expected {left} &lt; {number}\" type=\"AssertionError\">")?;
    for depth in 0..12 {
        writeln!(out, "  at org.example.layer{depth}.Call.check(Call.java:{})", line + depth)?;
    }
    writeln!(out, "</failure></testcase>")
}

fn class(number: usize) -> String {
    format!("org.example.area{}.Module{number:04}Test", number % 9)
}

/// The mixing step of Steele, Lea and Flood's SplitMix64 (2014).
fn mix(seed: u64, number: u64) -> u64 {
    let z = (seed.wrapping_shl(32) + number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
