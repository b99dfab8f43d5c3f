//! Signatures of webhooks, over the bytes as they came, compared in constant time.

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// Returns whether GitHub signed the body: `X-Hub-Signature-256: sha256=HEX`.
pub(super) fn github(headers: &HeaderMap, secret: &str, body: &[u8]) -> bool {
    let said = headers.get("x-hub-signature-256").and_then(|said| said.to_str().ok()?.strip_prefix("sha256="));
    said.is_some_and(|said| is_same(&said.to_ascii_lowercase(), &hex(&hmac(secret.as_bytes(), body))))
}

/// Returns whether Gitea or Forgejo signed the body: `X-Gitea-Signature: HEX`, or as GitHub does.
pub(super) fn gitea(headers: &HeaderMap, secret: &str, body: &[u8]) -> bool {
    let named = ["x-forgejo-signature", "x-gitea-signature"].into_iter().find_map(|name| headers.get(name));
    let said = named.and_then(|said| said.to_str().ok());
    said.map_or_else(|| github(headers, secret, body), |said| is_same(said, &hex(&hmac(secret.as_bytes(), body))))
}

/// Returns whether GitLab sent the secret itself: `X-Gitlab-Token`.
pub(super) fn gitlab(headers: &HeaderMap, secret: &str, _: &[u8]) -> bool {
    headers.get("x-gitlab-token").and_then(|said| said.to_str().ok()).is_some_and(|said| is_same(said, secret))
}

/// Returns whether Buildbot sent the secret: as Bearer token, or as the password of `auth`.
pub(super) fn buildbot(headers: &HeaderMap, secret: &str) -> bool {
    let said = headers.get(header::AUTHORIZATION).and_then(|said| said.to_str().ok()?.split_once(' '));
    match said {
        Some((scheme, text)) if scheme.eq_ignore_ascii_case("bearer") => is_same(text.trim(), secret),
        Some((scheme, text)) if scheme.eq_ignore_ascii_case("basic") => {
            let decoded = unbase64(text.trim()).unwrap_or_default();
            let password = decoded.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default();
            blake3::hash(password) == blake3::hash(secret.as_bytes())
        }
        _ => false,
    }
}

/// Compares by hashes, whose comparison takes the same time wherever they differ.
fn is_same(a: &str, b: &str) -> bool {
    blake3::hash(a.as_bytes()) == blake3::hash(b.as_bytes())
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

fn hex(bytes: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*bytes).to_hex().to_string()
}

/// Decodes base64 (RFC 4648) as headers hold it.
fn unbase64(text: &str) -> Option<Vec<u8>> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | value(byte)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_standards() {
        // Test cases 1 and 6 of RFC 4231.
        let one = hex(&hmac(&[0x0b; 20], b"Hi There"));
        assert_eq!(one, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let six = hex(&hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"));
        assert_eq!(six, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        assert_eq!(unbase64("dXNlcjpzM2NyZXQ=").unwrap(), b"user:s3cret");
        assert_eq!(unbase64("not base64!"), None);
    }
}
