//! Stable identifiers: the first eight bytes of a BLAKE3 hash over length-prefixed parts.
//!
//! Ids are signed 64-bit integers, because Delta has no unsigned ones. Ten million series collide with a probability
//! of about 3e-6 (birthday bound n²/2⁶⁵). Nothing here is random or depends on the time or the machine.

/// Returns the id of `parts`; every part is prefixed by its length, so `["ab", "c"]` and `["a", "bc"]` differ.
pub fn id(parts: &[&str]) -> i64 {
    let mut piece = [0; PIECE];
    if let Some(length) = join(parts, &mut piece) {
        return first(blake3::hash(&piece[..length]).as_bytes());
    }
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    first(hasher.finalize().as_bytes())
}

/// Nearly all parts together are shorter (bytes), and one piece is hashed much faster than part after part.
const PIECE: usize = 512;

/// Joins the prefixed parts; returns their length, or nothing where they are longer than the piece.
fn join(parts: &[&str], piece: &mut [u8; PIECE]) -> Option<usize> {
    let mut at = 0;
    for part in parts {
        let text = at + 8;
        let end = text + part.len();
        piece.get_mut(at..text)?.copy_from_slice(&(part.len() as u64).to_le_bytes());
        piece.get_mut(text..end)?.copy_from_slice(part.as_bytes());
        at = end;
    }
    Some(at)
}

fn first(hash: &[u8; 32]) -> i64 {
    let (bytes, _) = hash.split_first_chunk().expect("a hash is longer than an id");
    i64::from_le_bytes(*bytes)
}

/// Returns the id of a test: project, kind (`test`, `suite`, `step` or `build`), suite and name.
pub fn test_id(project: &str, kind: &str, suite: &str, name: &str) -> i64 {
    id(&["test", project, kind, suite, name])
}

/// Returns the id of a series: one test on one builder on one branch.
pub fn series_id(test_id: i64, branch: &str, builder: &str) -> i64 {
    id(&["series", &test_id.to_string(), branch, builder])
}

/// Returns the id of a suite in a project.
pub fn suite_id(project: &str, suite: &str) -> i64 {
    id(&["suite", project, suite])
}

/// Returns the id of a lane: one builder on one branch of a project.
pub fn lane_id(project: &str, branch: &str, builder: &str) -> i64 {
    id(&["lane", project, branch, builder])
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
    fn an_id_does_not_depend_on_how_it_is_computed() {
        for length in [0, 7, PIECE - 8, PIECE - 7, 5000] {
            let text = "x".repeat(length);
            let mut hasher = blake3::Hasher::new();
            hasher.update(&(length as u64).to_le_bytes()).update(text.as_bytes());
            assert_eq!(id(&[&text]), first(hasher.finalize().as_bytes()), "{length}");
        }
    }

    #[test]
    fn an_author_is_an_address_without_case() {
        assert_eq!(author_id("Ada", "Ada@Example.org"), author_id("Ada L.", " ada@example.org"));
        assert_ne!(author_id("Ada", ""), author_id("Bob", ""));
    }
}
