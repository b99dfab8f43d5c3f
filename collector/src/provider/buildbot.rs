//! Buildbot. It sets no variables by itself: a step is given them, `env={"BUILDBOT_BUILDERNAME":
//! Interpolate("%(prop:buildername)s"), …}`. What a property lacks arrives as `None` or blank.

use super::variables::Variables;
use super::{Provider, Run};

pub(super) const PROVIDER: Provider =
    Provider { name: "buildbot", is_here: |v| v.is_set("BUILDBOT_BUILDERNAME"), read };

fn read(v: &Variables) -> Run {
    let text = |names: &[&str]| v.text(names).filter(|value| value != "None");
    let builder = text(&["BUILDBOT_BUILDERNAME"]);
    let number = v.number("BUILDBOT_BUILDNUMBER");
    Run {
        project: text(&["BUILDBOT_PROJECT"]).or_else(|| v.repository("BUILDBOT_REPOSITORY")),
        branch: v.branch(&["BUILDBOT_BRANCH"]).filter(|branch| branch != "None"),
        revision: text(&["BUILDBOT_GOT_REVISION"]).or_else(|| text(&["BUILDBOT_REVISION"])),
        run: builder.as_ref().zip(number).map(|(builder, number)| format!("{builder}/{number}")),
        builder,
        number,
        url: text(&["BUILDBOT_URL"]),
        worker: text(&["BUILDBOT_WORKERNAME"]),
        ..Run::default()
    }
}
