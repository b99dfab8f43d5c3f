//! What planning would cost: bounded before it begins, because nothing ends a plan that is being made.
//!
//! Three things grow by doubling: what the parser tries again where brackets behind words nest, what common table
//! expressions read of which each reads another twice, and the groupings of `CUBE`.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, ObjectName, Query, Select, Statement as SqlStatement, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::error::{Error, Result};

/// Brackets behind words that may nest.
const NESTED: usize = 16;
/// Tables that may be read, each time that a common table expression is read counted.
const READS: u64 = 200;
/// Groupings of one `GROUP BY`.
const GROUPINGS: u64 = 256;

/// Refuses a text that the parser would read for long: where a word stands before a bracket it may be a keyword or a
/// function, and both are tried at each level.
///
/// # Errors
/// [`Error::TooLarge`] where brackets nest too deep.
pub fn check_nesting(text: &str) -> Result<()> {
    // The parser says it better what is no token.
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).tokenize() else { return Ok(()) };
    let (mut open, mut depth, mut is_behind_word) = (Vec::new(), 0, false);
    for token in &tokens {
        match token {
            Token::Whitespace(_) => continue,
            Token::LParen => {
                open.push(is_behind_word);
                depth += usize::from(is_behind_word);
            }
            Token::RParen => depth -= usize::from(open.pop().unwrap_or_default()),
            _ => {}
        }
        if depth > NESTED {
            return Err(Error::TooLarge(format!("brackets nest deeper than {NESTED}; say it in steps, by WITH")));
        }
        is_behind_word = matches!(token, Token::Word(_));
    }
    Ok(())
}

/// Refuses a statement whose plan would be huge.
///
/// # Errors
/// [`Error::TooLarge`] where it reads or groups too often.
pub(super) fn check(statement: &SqlStatement) -> Result<()> {
    match statement.visit(&mut Weigher::default()) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(why) => Err(Error::TooLarge(why)),
    }
}

/// Counts what is read.
#[derive(Default)]
struct Weigher {
    /// What each open query reads so far.
    counts: Vec<u64>,
    /// The names of the queries that are common table expressions, by where they lie.
    names: HashMap<usize, String>,
    /// What reading these costs.
    weights: HashMap<String, u64>,
}

impl Weigher {
    fn add(&mut self, weight: u64) -> ControlFlow<String> {
        let Some(count) = self.counts.last_mut() else { return ControlFlow::Continue(()) };
        *count = count.saturating_add(weight);
        match *count > READS {
            true => ControlFlow::Break(format!("the query reads tables more than {READS} times")),
            false => ControlFlow::Continue(()),
        }
    }
}

impl Visitor for Weigher {
    type Break = String;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        for expression in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.names.insert(place(&expression.query), plain(&expression.alias.name.value));
        }
        self.counts.push(0);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        let count = self.counts.pop().unwrap_or_default();
        match self.names.get(&place(query)) {
            Some(name) => {
                self.weights.insert(name.clone(), count.max(1));
                ControlFlow::Continue(())
            }
            None => self.add(count),
        }
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<String> {
        let weight = self.weights.get(&plain(&relation.to_string())).copied();
        self.add(weight.unwrap_or(1))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        match groupings(&select.group_by) > GROUPINGS {
            true => ControlFlow::Break(format!("the query groups in more than {GROUPINGS} ways")),
            false => ControlFlow::Continue(()),
        }
    }
}

/// Returns in how many ways rows are grouped.
fn groupings(by: &GroupByExpr) -> u64 {
    let GroupByExpr::Expressions(expressions, modifiers) = by else { return 1 };
    let subsets = |count: usize| 1_u64.checked_shl(count.min(64) as u32).unwrap_or(u64::MAX);
    let ways = expressions.iter().map(|expression| match expression {
        Expr::Cube(of) => subsets(of.len()),
        Expr::Rollup(of) => of.len() as u64 + 1,
        Expr::GroupingSets(of) => of.len() as u64,
        _ => 1,
    });
    let modified = if modifiers.is_empty() { 1 } else { subsets(expressions.len()) };
    ways.fold(modified, u64::saturating_mul)
}

fn place(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

fn plain(name: &str) -> String {
    name.replace('"', "").to_lowercase()
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    fn told(text: &str) -> Option<String> {
        let statements = Parser::parse_sql(&PostgreSqlDialect {}, text).unwrap();
        check(&statements[0]).err().map(|error| error.to_string())
    }

    /// Expressions each of which reads the one before it twice.
    fn doubled(count: usize) -> String {
        let more: String =
            (1..count).map(|at| format!(", c{at} AS (SELECT a.x FROM c{} a, C{} b)", at - 1, at - 1)).collect();
        format!("WITH c0 AS (SELECT x FROM t){more} SELECT count(*) FROM c{}", count - 1)
    }

    #[test]
    fn what_doubles_is_bounded() {
        assert_eq!(told(&doubled(7)), None);
        assert!(told(&doubled(60)).unwrap().contains("reads tables"));
        let inner = doubled(6).replacen("WITH", "SELECT * FROM (WITH", 1) + ") q";
        assert_eq!(told(&inner), None);
        let hidden = format!("WITH o AS ({}) SELECT 1 FROM o a, o b, o c, o d", doubled(7));
        assert!(told(&hidden).unwrap().contains("reads tables"));
    }

    #[test]
    fn groupings_are_bounded() {
        let columns = |count: usize| (0..count).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", ");
        assert_eq!(told(&format!("SELECT 1 FROM t GROUP BY CUBE ({})", columns(8))), None);
        assert!(told(&format!("SELECT 1 FROM t GROUP BY CUBE ({})", columns(30))).is_some());
        assert!(told("SELECT 1 FROM t GROUP BY CUBE (a, b, c, d, e), CUBE (f, g, h, i, j)").is_some());
        assert_eq!(told(&format!("SELECT 1 FROM t GROUP BY ROLLUP ({})", columns(30))), None);
    }

    #[test]
    fn brackets_behind_words_are_bounded() {
        let nested =
            |word: &str, count: usize| format!("SELECT {}1{}", format!("{word}(").repeat(count), ")".repeat(count));
        assert!(check_nesting(&nested("abs", 16)).is_ok() && check_nesting(&nested("", 40)).is_ok());
        assert!(check_nesting(&nested("NOT ", 17)).is_err() && check_nesting(&nested("CAST /* so */ ", 17)).is_err());
        assert!(
            check_nesting("SELECT abs(1), abs(2), '((((', \"a(\"").is_ok() && check_nesting("SELECT )))) '").is_ok()
        );
    }
}
