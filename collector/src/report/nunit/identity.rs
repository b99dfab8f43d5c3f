//! Which test a case of NUnit's XML belongs to: the rule of the parent's documentation, as code.

use super::super::text::name;
use super::super::xml::Element;
use super::dotnet;

/// What a suite is called; bounded, because every test inside may be called so.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The suite itself, for what failed in it outside of its tests.
    pub(super) own: String,
    /// The innermost suite that is no mere list of rows, for tests that do not say where they belong.
    pub(super) fixture: String,
    /// The names since the assembly, joined by dots: version 2 has no full names of suites.
    dotted: String,
}

impl Names {
    /// Returns the names of a suite within `around`.
    pub(super) fn new(suite: &Element, around: Option<&Names>, bound: usize) -> Self {
        let text = |attribute| suite.attribute(attribute).map_or(String::new(), |text| name(text, bound));
        let (full, short) = (text("fullname"), text("name"));
        let is_assembly = suite.attribute("type") == Some("Assembly") || is_file(&short);
        let file = || dotnet::file_name(if full.is_empty() { &short } else { &full }).to_owned();
        let outer = around.map_or("", |around| around.dotted.as_str());
        let dotted = match (is_assembly, outer.is_empty()) {
            (true, _) => String::new(),
            (false, true) => short.clone(),
            (false, false) => name(&format!("{outer}.{short}"), bound),
        };
        let own = match (is_assembly, full.is_empty()) {
            (true, _) => file(),
            (false, true) => dotted.clone(),
            (false, false) => full.clone(),
        };
        let fixture = match around {
            Some(around) if is_rows(suite) => around.fixture.clone(),
            _ if is_assembly => own.clone(),
            _ => [full, short].into_iter().find(|text| !text.is_empty()).unwrap_or_default(),
        };
        Self { own, fixture, dotted }
    }
}

/// Returns suite and name of a test inside `path`, whose innermost fixture is `fixture`.
pub(super) fn of_test<'e>(test: &'e Element, path: &'e [Element], fixture: &'e str) -> (&'e str, &'e str) {
    let name = test.attribute("name").unwrap_or_default().trim();
    let Some(full) = test.attribute("fullname").map(str::trim) else { return of_full_name(name, path, fixture) };
    let qualified = full.strip_suffix(name).and_then(|rest| rest.strip_suffix('.'));
    let class = test.attribute("classname").map(str::trim);
    let suite = [qualified, class].into_iter().flatten().find(|text| !text.is_empty());
    (suite.unwrap_or(fixture), if name.is_empty() { full } else { name })
}

/// Splits a full name of version 2 behind what the names of the suites around it account for.
fn of_full_name<'e>(full: &'e str, path: &[Element], fixture: &'e str) -> (&'e str, &'e str) {
    let suites = path.iter().filter(|element| element.name == "test-suite");
    let names: Vec<&str> = suites.map(|suite| suite.attribute("name").unwrap_or_default().trim()).collect();
    let end = (0..names.len()).map(|from| accounted(full, &names[from..])).max().unwrap_or(0);
    match &full[end..] {
        rest if end > 0 && !rest.is_empty() => (&full[..end - 1], rest),
        _ => (fixture, full),
    }
}

/// Returns how much of a full name the names of nested suites account for; one that does not fit is left out, because
/// rows and generic fixtures are lists of their own.
fn accounted(full: &str, names: &[&str]) -> usize {
    names.iter().filter(|name| !name.is_empty()).fold(0, |end, name| {
        let rest = full[end..].strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
        rest.map_or(end, |rest| full.len() - rest.len())
    })
}

/// Returns whether a suite is only the list of the rows of one test.
fn is_rows(suite: &Element) -> bool {
    let kind = suite.attribute("type").unwrap_or_default();
    matches!(kind, "ParameterizedTest" | "ParameterizedMethod" | "Theory" | "GenericMethod")
}

/// Returns whether the name of a suite is that of an assembly.
fn is_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    name.contains(['/', '\\']) && !name.contains('(') || lower.ends_with(".dll") || lower.ends_with(".exe")
}
