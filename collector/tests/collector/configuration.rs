//! What a configuration may say, and how it is refused.

use std::path::Path;

use annals_collector::builder::Project;

const WHOLE: &str = r#"
project = "demo"
[[builder]]
name = "unit"
setup = ["./configure"]
timeout_s = 60
log_limit = 4096
environment = { LANG = "C" }
[[builder.step]]
name = "test"
command = "make test"
reports = ["out/**/*.xml"]
timeout_s = 5
continue = true
"#;

fn error(text: &str) -> String {
    Project::parse(Path::new("annals.toml"), text).unwrap_err().to_string()
}

#[test]
fn everything_can_be_said() {
    let project = Project::parse(Path::new("annals.toml"), WHOLE).unwrap();
    let builder = &project.builder[0];
    assert_eq!((project.project.as_deref(), builder.timeout_s, builder.log_limit), (Some("demo"), 60, 4096));
    assert_eq!(builder.environment["LANG"], "C");
    assert!(builder.step[0].continues);
    assert_eq!(builder.step[0].timeout_s, Some(5));
}

#[test]
fn an_unknown_key_is_one_line_with_file_line_and_key() {
    let text = "project = \"demo\"\n[[builder]]\nname = \"unit\"\nsetpu = []\n";
    let said = error(text);
    assert!(said.starts_with("annals.toml:4: unknown field `setpu`, expected one of "), "{said}");
    assert!(!said.contains('\n'));
    assert!(error("[[builder]\n").starts_with("annals.toml:1: "));
    assert!(error("[[builder]]\nname = \"a\"\ntimeout_s = \"x\"\n").starts_with("annals.toml:3: "));
}

#[test]
fn names_are_unique_and_patterns_stay_inside() {
    let with = |step: &str| error(&format!("[[builder]]\nname = \"a\"\n[[builder.step]]\n{step}"));
    assert_eq!(error("[[builder]]\nname = \"a\"\n"), "annals.toml: builder `a`: it has no `step`");
    let outside = with("name = \"t\"\ncommand = \"x\"\nreports = [\"../*.xml\"]");
    assert_eq!(outside, "annals.toml: builder `a`: step `t`: `../*.xml` leaves the worktree");
    let twice = with("name = \"t\"\ncommand = \"x\"\n[[builder.step]]\nname = \"t\"\ncommand = \"y\"");
    assert_eq!(twice, "annals.toml: builder `a`: step `t`: the name is taken");
    assert_eq!(
        with("name = \"t:u\"\ncommand = \"x\""),
        "annals.toml: builder `a`: step `t:u`: a name holds `:` or a control character"
    );
}
