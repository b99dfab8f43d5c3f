//! Stable identifiers: the first eight bytes of a BLAKE3 hash over length-prefixed parts.
//!
//! Ids are signed 64-bit integers, because Delta has no unsigned ones. Ten million series collide with a probability
//! of about 3e-6 (birthday bound n²/2⁶⁵). Nothing here is random or depends on the time or the machine.

/// Returns the id of `parts`; every part is prefixed by its length, so `["ab", "c"]` and `["a", "bc"]` differ.
pub fn id(parts: &[&str]) -> i64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    i64::from_le_bytes(bytes)
}

/// Returns the id of a test: project, kind (`test`, `step` or `build`), suite and name.
pub fn test_id(project: &str, kind: &str, suite: &str, name: &str) -> i64 {
    id(&["test", project, kind, suite, name])
}

/// Returns the id of a series: one test on one builder on one branch.
pub fn series_id(test_id: i64, branch: &str, builder: &str) -> i64 {
    id(&["series", &test_id.to_string(), branch, builder])
}

/// Returns the id of a build from the idempotency key that brought it in.
pub fn build_id(project: &str, key: &str) -> i64 {
    id(&["build", project, key])
}

/// Returns the id of a person's identity: the e-mail address without regard to case, or the name where there is none.
pub fn author_id(name: &str, email: &str) -> i64 {
    let address = email.trim().to_lowercase();
    if address.is_empty() { id(&["name", name.trim()]) } else { id(&["email", &address]) }
}

/// Returns the id of a change in a project.
pub fn change_id(project: &str, revision: &str) -> i64 {
    id(&["change", project, revision])
}

/// Returns the id of a failure text.
pub fn message_id(text: &str) -> i64 {
    id(&["message", text])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_apart() {
        assert_ne!(id(&["ab", "c"]), id(&["a", "bc"]));
        assert_eq!(id(&["ab", "c"]), id(&["ab", "c"]));
    }

    #[test]
    fn an_author_is_an_address_without_case() {
        assert_eq!(author_id("Ada", "Ada@Example.org"), author_id("Ada L.", " ada@example.org"));
        assert_ne!(author_id("Ada", ""), author_id("Bob", ""));
    }
}
