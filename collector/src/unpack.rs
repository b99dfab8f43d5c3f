//! Files as they were before somebody compressed them: gzip and zstd by their first bytes, anything else as it is.
//!
//! How much may come out of one is bounded by whoever reads.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// Something that is read; it may be compressed.
pub type Input = Box<dyn Read + Send>;

/// Opens a file.
pub fn open(path: &Path) -> io::Result<Input> {
    if path.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    unpack(File::open(path)?)
}

/// Returns what `input` is when it is decompressed.
pub fn unpack(mut input: impl Read + Send + 'static) -> io::Result<Input> {
    let mut magic = Vec::new();
    input.by_ref().take(4).read_to_end(&mut magic)?;
    let kind: fn(Input) -> io::Result<(&'static str, Input)> = match magic.as_slice() {
        [0x1f, 0x8b, ..] => |whole| Ok(("gzip", Box::new(MultiGzDecoder::new(BufReader::new(whole))))),
        [0x28, 0xb5, 0x2f, 0xfd] => |whole| Ok(("zstd", Box::new(zstd::Decoder::new(whole)?))),
        _ => |whole| Ok(("", whole)),
    };
    let (kind, input) = kind(Box::new(io::Cursor::new(magic).chain(input)))?;
    Ok(if kind.is_empty() { input } else { Box::new(Decoded { kind, input }) })
}

/// A stream whose errors say what is damaged.
struct Decoded {
    kind: &'static str,
    input: Input,
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer).map_err(|error| {
            let reason = format!("the {} stream is damaged or ends too early: {error}", self.kind);
            io::Error::new(io::ErrorKind::InvalidData, reason)
        })
    }
}
