//! The results of benchmarks: lines of text that may come in pieces.

use std::collections::HashSet;

use annals_data::row::{Measure, Outcome, Status};

/// Longest line that is believed to be a result.
const LINE: usize = 16 << 10;
/// How deep benchmarks stand in others.
const LEVELS: usize = 16;

/// The benchmarks of one package.
#[derive(Default)]
pub(super) struct Benchmarks {
    /// A line that has no end yet.
    piece: String,
    /// Those with a result whose names the events tell.
    named: HashSet<String>,
    /// Those whose names only the lines tell, with the place of each.
    unnamed: Vec<(usize, Outcome)>,
}

impl Benchmarks {
    /// Takes in what was printed and returns the result that it completes, if an event names the benchmark.
    pub(super) fn output(&mut self, test: &str, text: &str, position: usize) -> Option<Outcome> {
        if self.piece.is_empty() && !text.starts_with("Benchmark") {
            return None;
        }
        self.piece.push_str(text);
        if !self.piece.ends_with('\n') {
            if self.piece.len() > LINE {
                self.piece.clear();
            }
            return None;
        }
        let line = std::mem::take(&mut self.piece);
        let (name, measures) = result(&line)?;
        let mut outcome = Outcome::new("", name, Status::Passed);
        outcome.measures = measures;
        if name == test || without_processors(name).is_some_and(|(name, _)| name == test) {
            self.named.insert(test.to_owned());
            // What only holds other benchmarks gives no result and needs none.
            self.named.extend(test.rmatch_indices('/').take(LEVELS).map(|(at, _)| test[..at].to_owned()));
            outcome.name = test.to_owned();
            return Some(outcome);
        }
        self.unnamed.push((position, outcome));
        None
    }

    /// Returns whether the benchmark, or one inside it, has given a result.
    pub(super) fn has_result(&self, name: &str) -> bool {
        self.named.contains(name)
    }

    /// Returns the results whose names only their lines tell; a number that all of them end with is that of processors.
    pub(super) fn take_unnamed(&mut self) -> Vec<(usize, Outcome)> {
        let mut results = std::mem::take(&mut self.unnamed);
        let number = |(_, outcome): &(usize, Outcome)| without_processors(&outcome.name).map(|(_, n)| n.to_owned());
        if let Some(first) = results.first().and_then(number)
            && results.iter().all(|result| number(result).as_ref() == Some(&first))
        {
            for (_, outcome) in &mut results {
                outcome.name.truncate(outcome.name.len() - first.len() - 1);
            }
        }
        results
    }
}

/// Returns a name without the number of processors, and that number.
fn without_processors(name: &str) -> Option<(&str, &str)> {
    let (name, number) = name.rsplit_once('-')?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some((name, number))
}

/// Returns the name and the measures of a line like `BenchmarkA-8   1000   123 ns/op   16 B/op`.
fn result(line: &str) -> Option<(&str, Vec<Measure>)> {
    let mut fields = line.split_whitespace();
    let name = fields.next()?;
    fields.next()?.parse::<u64>().ok()?;
    let mut measures = Vec::new();
    while let (Some(value), Some(unit)) = (fields.next(), fields.next()) {
        let value = value.parse::<f64>().ok().filter(|value| value.is_finite())?;
        let of_one = unit.strip_suffix("/op").unwrap_or(unit);
        measures.push(Measure { metric: unit.to_owned(), value, unit: Some(of_one.to_owned()) });
    }
    (!measures.is_empty()).then_some((name, measures))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_has_a_count_and_pairs() {
        let measures = |line| {
            let (name, measures) = result(line)?;
            Some((name, measures.into_iter().map(|m| (m.metric, m.value)).collect::<Vec<_>>()))
        };
        assert_eq!(
            measures("BenchmarkA/x-8   \t 1000\t 12.5 ns/op\t 16 B/op\t 3 p99-ms\n"),
            Some(("BenchmarkA/x-8", vec![("ns/op".into(), 12.5), ("B/op".into(), 16.0), ("p99-ms".into(), 3.0)]))
        );
        for line in ["BenchmarkA", "BenchmarkA 10", "BenchmarkA is fast", "BenchmarkA 10 NaN ns/op", "BenchmarkA 1 x y"]
        {
            assert_eq!(measures(line), None, "{line}");
        }
    }

    #[test]
    fn processors_are_no_part_of_a_name() {
        let names = |lines: &[&str]| {
            let mut benchmarks = Benchmarks::default();
            for line in lines {
                assert_eq!(benchmarks.output("", &format!("{line}\t1\t2 ns/op\n"), 0), None);
            }
            benchmarks.take_unnamed().into_iter().map(|(_, outcome)| outcome.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["BenchmarkA-8", "BenchmarkB/x-1-8"]), ["BenchmarkA", "BenchmarkB/x-1"]);
        assert_eq!(names(&["BenchmarkA/1-8", "BenchmarkA/2-16"]), ["BenchmarkA/1-8", "BenchmarkA/2-16"]);
        assert_eq!(names(&["BenchmarkA", "BenchmarkB-8"]), ["BenchmarkA", "BenchmarkB-8"]);
    }
}
