//! What planning would cost: bounded before it begins, because nothing ends a plan that is being made.
//!
//! Three things grow by doubling: what the parser tries again where brackets behind words nest, what common table
//! expressions read of which each reads another twice, and the groupings of `CUBE`. A fourth goes deep: each sign or
//! word of the language may lay the tree of a query one level deeper, and whatever walks through a tree, to its
//! last drop, takes a piece of stack for each level.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArguments, GroupByExpr, ObjectName, Query, Select, Statement as SqlStatement, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::Dialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::error::{Error, Result};

/// Brackets behind words that may nest, and calls of functions.
const NESTED: usize = 16;
/// Brackets of any kind that may nest.
const BRACKETS: usize = 50;
/// Signs and words of the language in a text: what of it can nest, by chains (`1 + 1 + …`) as by brackets. The program
/// gives its threads stacks for that.
const SIGNS: usize = 2_000;
/// Tables that may be read, each time that a common table expression is read counted.
const READS: u64 = 200;
/// Fields of all structures that a query makes, multiplied: each step may put the one before it into each field.
const FIELDS: u64 = 100_000;
/// Functions that make structures of what they are given.
const STRUCTURES: &[&str] = &["array_zip", "arrays_zip", "list_zip", "map", "named_struct", "row", "struct"];
/// Groupings of one `GROUP BY`.
const GROUPINGS: u64 = 256;

/// Refuses a text that the parser would read for long, or whose tree would be deep. Where a word stands before a bracket
/// it may be a keyword or a function, and both are tried at each level. The dialect is the one it will be parsed by.
///
/// # Errors
/// [`Error::TooLarge`] where brackets nest too deep, or where there is too much that could.
pub fn check_nesting(dialect: &dyn Dialect, text: &str) -> Result<()> {
    // The parser says it better what is no token.
    let Ok(tokens) = Tokenizer::new(dialect, text).tokenize() else { return Ok(()) };
    if tokens.iter().filter(|token| is_sign(token)).count() > SIGNS {
        return Err(Error::TooLarge(format!(
            "a query has at most {SIGNS} keywords and operators; many values fit into a list, as in x IN (1, 2)"
        )));
    }
    let (mut open, mut depth, mut before) = (Vec::new(), 0, Keyword::NoKeyword);
    let mut is_behind_word = false;
    for token in &tokens {
        let keyword = match token {
            Token::Whitespace(_) => continue,
            Token::Word(word) => word.keyword,
            _ => Keyword::NoKeyword,
        };
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                open.push(is_behind_word);
                depth += usize::from(is_behind_word);
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                depth -= usize::from(open.pop().unwrap_or_default());
            }
            // The parser goes down for each of these without counting.
            _ if keyword == Keyword::INTERVAL && before == keyword => {
                return Err(Error::TooLarge("an INTERVAL has no INTERVAL in it".into()));
            }
            _ => {}
        }
        for (deep, bound, what) in [(depth, NESTED, "brackets behind words"), (open.len(), BRACKETS, "brackets")] {
            if deep > bound {
                return Err(Error::TooLarge(format!("{what} nest deeper than {bound}; say it in steps, by WITH")));
            }
        }
        (before, is_behind_word) = (keyword, matches!(token, Token::Word(_)));
    }
    Ok(())
}

/// Whether a token can lay a tree deeper: all can but names, values, and what separates or encloses them in a list.
fn is_sign(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword,
        Token::Whitespace(_) | Token::Comma | Token::LParen | Token::RParen | Token::Placeholder(_) => false,
        Token::Number(..) | Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) => false,
        _ => true,
    }
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
    /// Calls of functions that are open: planning one more inside doubles the time.
    calls: usize,
    /// Fields of the structures so far, less one.
    fields: u64,
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

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<String> {
        self.calls += calls(expression);
        self.fields = (self.fields + 1).saturating_mul(fields(expression).max(1)) - 1;
        if self.fields >= FIELDS {
            return ControlFlow::Break("the query puts too many structures into structures".into());
        }
        match self.calls > NESTED {
            true => {
                ControlFlow::Break(format!("calls of functions nest deeper than {NESTED}; say it in steps, by WITH"))
            }
            false => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, expression: &Expr) -> ControlFlow<String> {
        self.calls -= calls(expression);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        match groupings(&select.group_by) > GROUPINGS {
            true => ControlFlow::Break(format!("the query groups in more than {GROUPINGS} ways")),
            false => ControlFlow::Continue(()),
        }
    }
}

/// Returns how often an expression makes what is in it double.
fn calls(expression: &Expr) -> usize {
    match expression {
        Expr::Function(_) => 1,
        Expr::AnyOp { .. } | Expr::AllOp { .. } => 2,
        _ => 0,
    }
}

/// Returns how many fields a structure has that may hold another.
fn fields(expression: &Expr) -> u64 {
    let count = |values: &[Expr]| values.iter().filter(|value| !matches!(value, Expr::Value(_))).count();
    let of = match expression {
        Expr::Struct { values, .. } => count(values),
        Expr::Tuple(values) => count(values),
        Expr::Dictionary(fields) => fields.len(),
        Expr::Map(map) => map.entries.len(),
        Expr::Function(call) if STRUCTURES.contains(&plain(&call.name.to_string()).as_str()) => match &call.args {
            FunctionArguments::List(list) => list.args.len(),
            _ => 1,
        },
        _ => 1,
    };
    of as u64
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
    use datafusion::sql::sqlparser::dialect::{GenericDialect, PostgreSqlDialect};
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    fn checked(text: &str) -> Result<()> {
        check_nesting(&GenericDialect {}, text)
    }

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
    fn structures_in_structures_are_bounded() {
        let steps = |step: &str, count: usize| format!("SELECT {} FROM t", vec![step; count].join(", "));
        for step in ["struct(x, x)", "named_struct('a', x)", "(x, x)", "ROW(x, x)"] {
            assert_eq!(told(&steps(step, 4)), None, "{step}");
            assert!(told(&steps(step, 60)).unwrap().contains("structures"), "{step}");
        }
        assert_eq!(told(&format!("SELECT 1 FROM t WHERE (x, y) IN ((1, 2){})", ", (3, 4)".repeat(500))), None);
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
        assert!(checked(&nested("abs", 16)).is_ok() && checked(&nested("", 50)).is_ok());
        assert!(checked(&nested("", 51)).is_err() && checked(&nested("ARRAY", 16).replace('(', "[")).is_ok());
        assert!(checked(&nested("ARRAY", 17).replace('(', "[")).is_err());
        let interval = |count| checked(&format!("SELECT {}'1'", "INTERVAL ".repeat(count)));
        assert!(interval(1).is_ok() && interval(2).is_err());
        assert!(checked(&nested("NOT ", 17)).is_err() && checked(&nested("CAST /* so */ ", 17)).is_err());
        assert!(checked("SELECT abs(1), abs(2), '((((', \"a(\"").is_ok() && checked("SELECT )))) '").is_ok());
    }

    #[test]
    fn what_could_nest_is_bounded_and_lists_are_not() {
        let chain = |head: &str, link: &str, count: usize| checked(&format!("{head}{}", link.repeat(count)));
        for link in ["+1", "||'a'", " AND true", "::INT", "[1]", " IS NULL", " UNION ALL SELECT 1", ".a", "- "] {
            assert!(chain("SELECT a", link, 300).is_ok() && chain("SELECT a", link, 2_000).is_err(), "{link}");
        }
        assert!(chain("SELECT a IN (1", ", 2, 'b', \"and\", d, $1", 10_000).is_ok());
        assert!(chain("VALUES (1)", ", (2)", 10_000).is_ok());
    }
}
