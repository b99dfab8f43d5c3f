//! Unpacks what a test printed: CTest may write it compressed and in base 64, and calls its zlib stream `gzip`.
//!
//! A few bytes can unpack to very many, so both one text and all texts of a report are bounded.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

/// Bytes of one text, packed and unpacked; of a longer one only the beginning is unpacked.
pub(super) const LONGEST: usize = 4 << 20;

/// The texts of one report.
pub(super) struct Unpacking {
    /// Bytes that may still be unpacked.
    left: usize,
}

impl Unpacking {
    /// Unpacks at most `bound` bytes in all.
    pub(super) fn new(bound: usize) -> Self {
        Self { left: bound }
    }

    /// Returns the text that `written` stands for.
    ///
    /// # Errors
    ///
    /// Returns the reason why it cannot be unpacked.
    pub(super) fn unpack(
        &mut self,
        written: &str,
        encoding: Option<&str>,
        compression: Option<&str>,
    ) -> Result<String, String> {
        let packed = match encoding.map(str::trim) {
            None | Some("") => return Ok(written.to_owned()),
            Some("base64") => decode(written).ok_or("it is no base 64")?,
            Some(other) => return Err(format!("its encoding `{}` is not known", super::line(other, 40))),
        };
        let bytes = match compression.map(str::trim) {
            None | Some("") => packed,
            Some("gzip" | "zlib") => self.inflate(&packed)?,
            Some(other) => return Err(format!("its compression `{}` is not known", super::line(other, 40))),
        };
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn inflate(&mut self, packed: &[u8]) -> Result<Vec<u8>, String> {
        let bound = LONGEST.min(self.left);
        if bound == 0 {
            return Err("the report unpacks to too many bytes".to_owned());
        }
        let mut bytes = Vec::new();
        let result = if packed.starts_with(&[0x1f, 0x8b]) {
            MultiGzDecoder::new(packed).take(bound as u64).read_to_end(&mut bytes)
        } else {
            ZlibDecoder::new(packed).take(bound as u64).read_to_end(&mut bytes)
        };
        self.left -= bytes.len();
        result.map_err(|error| format!("it cannot be unpacked: {error}"))?;
        Ok(bytes)
    }
}

/// Reads base 64 with its padding or without.
const BASE_64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns the bytes of a text in base 64, with or without line breaks and padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE_64.decode(digits).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn encode(bytes: &[u8]) -> String {
        BASE_64.encode(bytes)
    }

    fn zlib(bytes: &[u8]) -> String {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encode(&encoder.finish().unwrap())
    }

    #[test]
    fn base_64_is_decoded_with_line_breaks_and_padding() {
        assert_eq!(decode("aGkg\nw6kK\n"), Some("hi é\n".into()));
        assert_eq!(decode("YQ=="), Some(b"a".to_vec()));
        assert_eq!(decode("not base 64!"), None);
    }

    #[test]
    fn both_kinds_of_compression_are_unpacked() {
        let mut unpacking = Unpacking::new(1 << 20);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(b"printed").unwrap();
        for text in [zlib(b"printed"), encode(&gzip.finish().unwrap())] {
            assert_eq!(unpacking.unpack(&text, Some("base64"), Some("gzip")).unwrap(), "printed");
        }
        assert_eq!(unpacking.unpack("cHJpbnRlZA==", Some("base64"), None).unwrap(), "printed");
        assert_eq!(unpacking.unpack("plain", None, None).unwrap(), "plain");
        assert!(unpacking.unpack("cHJpbnRlZA==", Some("base64"), Some("gzip")).is_err());
        assert!(unpacking.unpack("x", Some("rot13"), None).is_err());
    }

    #[test]
    fn what_unpacks_to_too_much_is_bounded() {
        let bomb = zlib(&vec![b'a'; 6 << 20]);
        let mut unpacking = Unpacking::new(5 << 20);
        let mut unpack = || unpacking.unpack(&bomb, Some("base64"), Some("gzip")).map(|text| text.len());
        assert_eq!(unpack(), Ok(LONGEST));
        assert_eq!(unpack(), Ok(1 << 20));
        assert_eq!(unpack(), Err("the report unpacks to too many bytes".to_owned()));
    }
}
