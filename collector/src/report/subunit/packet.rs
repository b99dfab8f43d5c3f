//! The packets of subunit version 2: framing, checksum and fields.
//!
//! The `subunit` crate is not used: version 0.3.1 panics on a packet that is shorter than its checksum (`b3 20 00 04`).

use std::borrow::Cow;

/// The first byte of a packet.
const SIGNATURE: u8 = 0xb3;
/// Longest packet of the specification.
const LONGEST: usize = 4 << 20;
/// Signature, flags, length and checksum.
const SHORTEST: usize = 8;

/// What a packet says of its test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Undefined,
    Exists,
    InProgress,
    Success,
    UnexpectedSuccess,
    Skip,
    Fail,
    ExpectedFailure,
}

/// A packet.
#[derive(Debug)]
pub(super) struct Packet<'p> {
    pub(super) status: Status,
    /// Microseconds since 1970 UTC.
    pub(super) time: Option<i64>,
    pub(super) test: Option<Cow<'p, str>>,
    pub(super) mime: Option<Cow<'p, str>>,
    /// Name and content of a piece of an attachment.
    pub(super) file: Option<(Cow<'p, str>, &'p [u8])>,
    pub(super) route: Option<Cow<'p, str>>,
}

/// What stands at a place in a stream.
pub(super) enum Item<'p> {
    Packet(Packet<'p>),
    /// Text between packets.
    Text,
}

/// A place in a stream.
pub(super) struct Stream<'p> {
    bytes: &'p [u8],
    pub(super) position: usize,
    /// Bytes that may still be summed in vain, so that hostile text cannot make reading slow.
    budget: usize,
}

impl<'p> Stream<'p> {
    pub(super) fn new(bytes: &'p [u8]) -> Self {
        Self { bytes, position: 0, budget: bytes.len().saturating_mul(2) + 4 * LONGEST }
    }

    /// Returns what comes next, or why it cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<Item<'p>>, String> {
        let rest = &self.bytes[self.position..];
        if rest.is_empty() {
            return Ok(None);
        }
        let mut at = 0;
        while at < rest.len() {
            let candidate = rest[at..].iter().position(|&byte| byte == SIGNATURE).map(|found| at + found);
            let Some(found) = candidate else { break };
            match self.frame(self.position + found)? {
                Some(_) if found > 0 => return Ok(Some(self.text(found))),
                Some(length) => {
                    let packet = fields(&rest[..length]).ok_or("the fields of the packet do not fit into it")?;
                    self.position += length;
                    return Ok(Some(Item::Packet(packet)));
                }
                None => at = found + 1,
            }
        }
        Ok(Some(self.text(rest.len())))
    }

    /// Skips text.
    fn text(&mut self, length: usize) -> Item<'p> {
        self.position += length;
        Item::Text
    }

    /// Returns the length of the packet at a place, or nothing where the signature is only a letter of a text.
    fn frame(&mut self, at: usize) -> Result<Option<usize>, String> {
        let bytes = &self.bytes[at..];
        // After a packet or a line a signature is meant as one; within a line it may be part of a letter.
        let is_meant = at == 0 || at == self.position || self.bytes[at - 1] == b'\n';
        let Some(length) = header(bytes) else {
            let is_text = !is_meant || bytes.get(1).is_some_and(|flags| flags >> 4 != 2);
            return if is_text { Ok(None) } else { Err("the header of the packet is damaged or truncated".to_owned()) };
        };
        if bytes.len() < length {
            let left = bytes.len();
            return if is_meant {
                Err(format!("the stream is truncated: a packet of {length} bytes has only {left}"))
            } else {
                Ok(None)
            };
        }
        if is_sound(&bytes[..length]) {
            return Ok(Some(length));
        }
        self.budget = self.budget.checked_sub(length).ok_or("too much looks like packets and is none")?;
        if is_meant { Err("the checksum of the packet is wrong".to_owned()) } else { Ok(None) }
    }
}

/// Returns whether the bytes begin with a signature, or hold a packet that begins within the first `bound`.
pub(super) fn is_first(bytes: &[u8], bound: usize) -> bool {
    if matches!(bytes, [SIGNATURE, flags, ..] if flags >> 4 == 2) {
        return true;
    }
    let signatures = bytes.iter().take(bound).enumerate().filter(|&(_, &byte)| byte == SIGNATURE);
    let mut frames = signatures.filter_map(|(at, _)| bytes[at..].get(..header(&bytes[at..])?));
    // More than a few headers that are none make it somebody's letters.
    frames.by_ref().take(16).any(is_sound)
}

/// Returns the length of the packet that a header announces.
fn header(bytes: &[u8]) -> Option<usize> {
    let flags = u16::from_be_bytes([*bytes.get(1)?, *bytes.get(2)?]);
    let (length, _) = number(bytes.get(3..)?)?;
    let is_plausible = flags >> 12 == 2 && flags & 0x0008 == 0 && (SHORTEST..=LONGEST).contains(&length);
    is_plausible.then_some(length)
}

/// Returns whether the checksum at the end of a packet is right.
fn is_sound(packet: &[u8]) -> bool {
    packet.split_last_chunk::<4>().is_some_and(|(body, sum)| crc32fast::hash(body) == u32::from_be_bytes(*sum))
}

/// Returns a number of one to four bytes, and how many they are.
fn number(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.first()?;
    let length = usize::from(first >> 6) + 1;
    let rest = bytes.get(1..length)?;
    let value = rest.iter().fold(usize::from(first & 0x3f), |value, &byte| value << 8 | usize::from(byte));
    Some((value, length))
}

/// Reads the fields of a whole packet.
fn fields(packet: &[u8]) -> Option<Packet<'_>> {
    let flags = u16::from_be_bytes([packet[1], packet[2]]);
    let has = |bit: u16| flags & bit != 0;
    let (_, length) = number(&packet[3..])?;
    let mut fields = Fields(packet.get(3 + length..packet.len() - 4)?);
    let time = if has(0x0200) { Some(fields.time()?) } else { None };
    let test = if has(0x0800) { Some(fields.text()?) } else { None };
    if has(0x0080) {
        for _ in 0..fields.number()? {
            fields.text()?;
        }
    }
    let mime = if has(0x0020) { Some(fields.text()?) } else { None };
    let file = if has(0x0040) { Some((fields.text()?, fields.bytes()?)) } else { None };
    let route = if has(0x0400) { Some(fields.text()?) } else { None };
    let status = match flags & 7 {
        1 => Status::Exists,
        2 => Status::InProgress,
        3 => Status::Success,
        4 => Status::UnexpectedSuccess,
        5 => Status::Skip,
        6 => Status::Fail,
        7 => Status::ExpectedFailure,
        _ => Status::Undefined,
    };
    Some(Packet { status, time, test, mime, file, route })
}

/// The fields of a packet that are still to be read.
struct Fields<'p>(&'p [u8]);

impl<'p> Fields<'p> {
    fn take(&mut self, length: usize) -> Option<&'p [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<usize> {
        let (value, length) = number(self.0)?;
        self.take(length)?;
        Some(value)
    }

    fn bytes(&mut self) -> Option<&'p [u8]> {
        let length = self.number()?;
        self.take(length)
    }

    fn text(&mut self) -> Option<Cow<'p, str>> {
        self.bytes().map(String::from_utf8_lossy)
    }

    fn time(&mut self) -> Option<i64> {
        let seconds = u32::from_be_bytes(self.take(4)?.try_into().ok()?);
        let nanoseconds = self.number()?;
        Some(i64::from(seconds) * 1_000_000 + i64::try_from(nanoseconds / 1000).ok()?)
    }
}
