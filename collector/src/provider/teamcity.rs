//! TeamCity. Branch, pull request and the build's id are in no variable, but in a file of properties that another file
//! of properties names.

use std::collections::BTreeMap;

use super::variables::{Variables, branch, file};
use super::{Provider, Run};
use crate::mirror;

pub(super) const PROVIDER: Provider = Provider { name: "teamcity", is_here: |v| v.is_set("TEAMCITY_VERSION"), read };

fn read(v: &Variables) -> Run {
    let properties = configuration(v);
    let property = |name: &str| properties.get(name).filter(|value| !value.is_empty()).cloned();
    let request = property("teamcity.pullRequest.number");
    let name = if request.is_some() { "teamcity.pullRequest.target.branch" } else { "teamcity.build.branch" };
    let page = |id: &String| Some(format!("{}/build/{id}", property("teamcity.serverUrl")?.trim_end_matches('/')));
    let id = property("teamcity.build.id");
    Run {
        project: property("vcsroot.url").as_deref().and_then(mirror::project_name),
        branch: property(name).as_deref().and_then(branch).filter(|branch| branch != "<default>"),
        revision: v.text(&["BUILD_VCS_NUMBER"]).or_else(|| property("build.vcs.number")),
        builder: v.text(&["TEAMCITY_BUILDCONF_NAME"]),
        url: v.text(&["BUILD_URL"]).or_else(|| id.as_ref().and_then(page)),
        run: id
            .or_else(|| v.get("TEAMCITY_BUILDCONF_NAME").zip(v.get("BUILD_NUMBER")).map(|(n, b)| format!("{n}/{b}"))),
        number: v.number("BUILD_NUMBER"),
        worker: property("agent.name"),
        pull_request: request,
        ..Run::default()
    }
}

fn configuration(v: &Variables) -> BTreeMap<String, String> {
    let Some(build) = v.file("TEAMCITY_BUILD_PROPERTIES_FILE") else { return BTreeMap::new() };
    let mut all = properties(&build);
    let path = all.get("teamcity.configuration.properties.file").cloned();
    all.extend(path.and_then(|path| file(&path)).map(|text| properties(&text)).unwrap_or_default());
    all
}

/// Reads Java's properties as TeamCity writes them: one per line, with backslashes before special characters.
fn properties(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with(['#', '!']));
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (plain(name), plain(value))).collect()
}

fn plain(text: &str) -> String {
    let mut characters = text.trim().chars();
    let mut plain = String::new();
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    plain
}
