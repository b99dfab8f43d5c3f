//! Identifiers: what programs call their things, in their lines and in the texts of their failures.

/// Shorter ones are everywhere (bytes).
const SHORTEST: usize = 3;
/// Longer ones are data, not names (bytes).
const LONGEST: usize = 64;

/// Returns the identifiers of `text` in order: runs of letters, digits and `_` that begin with no digit.
pub fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    let runs = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    runs.filter(|run| (SHORTEST..=LONGEST).contains(&run.len()) && !run.starts_with(char::is_numeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_runs_that_begin_with_no_digit() {
        let found = |text| identifiers(text).collect::<Vec<_>>();
        assert_eq!(found("fn parse_date(größe: &str) -> 3rd {"), ["parse_date", "größe", "str"]);
        assert_eq!(found("self._x1.HTTPServer == '__all__'"), ["self", "_x1", "HTTPServer", "__all__"]);
        assert!(found(&"x".repeat(65)).is_empty());
    }
}
