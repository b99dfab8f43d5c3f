//! Decimal numbers as clients send them: one that its place cannot hold is an error, never another number.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use pgwire::error::{PgWireError, PgWireResult};

use crate::postgres::error::failed;

/// Digits of the longest number.
const DIGITS: usize = 38;

/// A number: its digits, of which the last `scale` stand behind the point.
#[derive(Debug, PartialEq)]
struct Number {
    is_negative: bool,
    digits: String,
    scale: i32,
}

/// Reads a number as the value of a place of some type; what is no whole number is left as it is beside whole numbers.
///
/// # Errors
/// 22P02 for what is no number, 22003 for one with too many digits.
pub(super) fn value(bytes: &[u8], is_binary: bool, kind: Option<&DataType>) -> PgWireResult<ScalarValue> {
    let read = if is_binary { Number::read(bytes) } else { str::from_utf8(bytes).ok().and_then(Number::parse) };
    let text = || String::from_utf8_lossy(bytes).trim().to_owned();
    let number = match read {
        Some(number) => number,
        None if is_binary => return Err(failed("22P02", "this is no number, or none that is known here")),
        None => return Err(failed("22P02", format!("`{}` is no number, or none that is known here", text()))),
    };
    match kind {
        Some(DataType::Float64) => Ok(ScalarValue::Float64(Some(number.float()))),
        Some(DataType::Float32) => Ok(ScalarValue::Float32(Some(number.float() as f32))),
        Some(DataType::Decimal128(precision, scale)) => {
            let value = number.scaled(usize::from(*precision), i32::from(*scale));
            Ok(ScalarValue::Decimal128(Some(value.ok_or_else(|| number.long())?), *precision, *scale))
        }
        Some(whole) if whole.is_integer() => match number.scaled(DIGITS, 0) {
            Some(value) => {
                let value = ScalarValue::Decimal128(Some(value), DIGITS as u8, 0);
                value.cast_to(whole).or_else(|_| number.own())
            }
            None => number.own(),
        },
        _ => number.own(),
    }
}

impl Number {
    /// Reads digits with a sign, a point and an exponent.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().ok()?;
        let is_negative = mantissa.starts_with('-');
        let mantissa = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{part}");
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let scale = i32::try_from(part.len()).ok()?.checked_sub(exponent)?;
        is_number.then(|| Self { is_negative, digits: digits.trim_start_matches('0').to_owned(), scale })
    }

    /// Reads Postgres' own form: groups of four digits, and how many of all digits stand behind the point.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut words = bytes.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]));
        let (count, weight, sign, shown) = (words.next()?, words.next()?, words.next()?, words.next()?);
        // Further signs are those of what is no number, and of infinities.
        let is_negative = match sign {
            0 => false,
            0x4000 => true,
            _ => return None,
        };
        let mut digits: String = words.map(|group| format!("{group:04}")).collect();
        if digits.len() != 4 * usize::from(count) {
            return None;
        }
        let scale = 4 * (i32::from(count) - 1 - i32::from(weight as i16));
        let (more, fewer) = (i32::from(shown) - scale, scale - i32::from(shown));
        if more > 0 {
            digits.extend(std::iter::repeat_n('0', usize::try_from(more).ok()?));
        } else {
            digits.truncate(digits.len().saturating_sub(usize::try_from(fewer).ok()?));
        }
        Some(Self { is_negative, digits: digits.trim_start_matches('0').to_owned(), scale: i32::from(shown) })
    }

    fn float(&self) -> f64 {
        let (sign, exponent) = (if self.is_negative { "-" } else { "" }, -i64::from(self.scale));
        format!("{sign}0{}e{exponent}", self.digits).parse().unwrap_or(f64::NAN)
    }

    /// Returns the digits as one whole number with `scale` of them behind the point, if so many hold it.
    fn scaled(&self, precision: usize, scale: i32) -> Option<i128> {
        if self.digits.is_empty() {
            return Some(0);
        }
        let more = i64::from(scale) - i64::from(self.scale);
        let digits = match usize::try_from(more) {
            Ok(more) if self.digits.len() + more > precision => return None,
            Ok(more) => format!("{}{}", self.digits, "0".repeat(more)),
            Err(_) => {
                let kept = self.digits.len().checked_sub(usize::try_from(-more).ok()?)?;
                let (kept, cut) = self.digits.split_at(kept);
                let is_exact = kept.len() <= precision && cut.bytes().all(|byte| byte == b'0');
                is_exact.then(|| kept.to_owned())?
            }
        };
        let value: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        Some(if self.is_negative { -value } else { value })
    }

    /// Returns the number in a type of its own.
    fn own(&self) -> PgWireResult<ScalarValue> {
        let scale = u8::try_from(self.scale.max(0)).ok().filter(|scale| usize::from(*scale) <= DIGITS);
        let scale = scale.ok_or_else(|| self.long())?;
        let value = self.scaled(DIGITS, i32::from(scale)).ok_or_else(|| self.long())?;
        let precision = value.unsigned_abs().to_string().len().max(usize::from(scale)) as u8;
        Ok(ScalarValue::Decimal128(Some(value), precision, scale as i8))
    }

    fn long(&self) -> PgWireError {
        let (sign, exponent) = (if self.is_negative { "-" } else { "" }, -i64::from(self.scale));
        failed("22003", format!("{sign}{}e{exponent} has more digits than a number can have in its place", self.digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, kind: Option<&DataType>) -> Option<ScalarValue> {
        value(text.as_bytes(), false, kind).ok()
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        let decimal = DataType::Decimal128(38, 10);
        let held = |value: i128| Some(ScalarValue::Decimal128(Some(value), 38, 10));
        assert_eq!(text("9223372036854775807", Some(&decimal)), held(92_233_720_368_547_758_070_000_000_000));
        assert_eq!(text("1E+10", Some(&decimal)), held(100_000_000_000_000_000_000));
        assert_eq!(text("-1.50", Some(&decimal)), held(-15_000_000_000));
        assert_eq!(text("0e-900", Some(&decimal)), held(0));
        for long in ["1.23456789012345", "1e28", "0.00000000001234", "1e999999999", "-1e-2147483648"] {
            assert_eq!(text(long, Some(&decimal)), None, "{long}");
        }
        for wrong in ["", ".", "NaN", "Infinity", "1e", "0x1", "--1", "1 2"] {
            assert_eq!(text(wrong, None), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_have_a_type_of_their_own() {
        let own = |value, precision, scale| Some(ScalarValue::Decimal128(Some(value), precision, scale));
        assert_eq!(text("1.50", None), own(150, 3, 2));
        assert_eq!(text("0.00000000001234", None), own(1234, 14, 14));
        assert_eq!(text("1E+10", None), own(10_000_000_000, 11, 0));
        assert_eq!(text("100.7", Some(&DataType::Int64)), own(1007, 4, 1));
        assert_eq!(text("100.0", Some(&DataType::Int64)), Some(ScalarValue::Int64(Some(100))));
        assert_eq!(text("9223372036854775808", Some(&DataType::Int64)), own(1 << 63, 19, 0));
        assert_eq!(text("-0.1", Some(&DataType::Float64)), Some(ScalarValue::Float64(Some(-0.1))));
    }

    #[test]
    fn binary_numbers_are_those_of_texts() {
        let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
        for (binary, text) in [
            (words(&[2, 0, 0x4000, 2, 1, 5000]), "-1.50"),
            (words(&[1, 4, 0, 0, 800]), "8000000000000000000"),
            (words(&[1, 0xffff, 0, 4, 7]), "0.0007"),
            (words(&[0, 0, 0, 3]), "0.000"),
        ] {
            assert_eq!(Number::read(&binary), Number::parse(text), "{text}");
        }
        assert_eq!(Number::read(&words(&[0, 0, 0xc000, 0])), None);
        assert_eq!(Number::read(&words(&[2, 0, 0, 0, 1])), None);
        assert_eq!(Number::read(b"\0"), None);
    }
}
