//! The text of a cursor, put together in place.

use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::place::EPOCH_2000;

/// The longest number, with its sign.
const NUMBER: usize = 20;
/// Two times with their slashes, and an id.
const SIZE: usize = 2 * (NUMBER + 1) + Hyphenated::LENGTH;

/// At most two times or numbers, each with a mark, and one id.
pub struct Parts {
    bytes: [u8; SIZE],
    len: usize,
}

impl Default for Parts {
    fn default() -> Self {
        Self { bytes: [0; SIZE], len: 0 }
    }
}

impl Parts {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// A time with its slash, as in the text of a [`Place`](super::place::Place).
    pub fn time(&mut self, micros: i64) -> &mut Self {
        match micros {
            i64::MIN => self.push(b"-infinity/"),
            i64::MAX => self.push(b"infinity/"),
            // From 2000 to the last timestamp the sum exceeds an i64, but not a u64.
            0.. => self.digits(micros.unsigned_abs() + EPOCH_2000.unsigned_abs()).mark(b'/'),
            _ => self.number(micros + EPOCH_2000).mark(b'/'),
        }
    }

    pub fn uuid(&mut self, id: &[u8; 16]) -> &mut Self {
        let mut text = [0; Hyphenated::LENGTH];
        Uuid::from_bytes(*id).hyphenated().encode_lower(&mut text);
        self.push(&text)
    }

    pub fn number(&mut self, number: i64) -> &mut Self {
        if number < 0 {
            self.mark(b'-');
        }
        self.digits(number.unsigned_abs())
    }

    pub fn mark(&mut self, mark: u8) -> &mut Self {
        self.push(&[mark])
    }

    fn digits(&mut self, mut number: u64) -> &mut Self {
        let mut digits = [0; NUMBER];
        let mut first = NUMBER;
        // bounded: a u64 has 20 digits.
        loop {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return self.push(&digits[first..]);
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::Place;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_longest_fit() {
        let id = Uuid::from_u128(7);
        let text = |parts: &mut Parts| String::from_utf8_lossy(parts.bytes()).into_owned();
        assert_eq!(
            text(Parts::default().time(i64::MIN + 1).time(i64::MIN + 1).uuid(id.as_bytes())),
            "-9222425352054775807/-9222425352054775807/00000000-0000-0000-0000-000000000007"
        );
        assert_eq!(
            text(Parts::default().uuid(id.as_bytes()).mark(b':').number(i64::MIN)),
            "00000000-0000-0000-0000-000000000007:-9223372036854775808"
        );
    }

    proptest! {
        #[test]
        fn as_a_place_writes_them(
            micros in prop_oneof![any::<i64>(), -1_000_000_000_000_000..1_000_000_000_000_000i64, Just(i64::MIN), Just(i64::MAX)],
            second in any::<i64>(), id in any::<u128>(),
        ) {
            let id = Uuid::from_u128(id);
            let inner = Place { micros: second, id: &id.to_string() }.text();
            let mut parts = Parts::default();
            parts.time(micros).time(second).uuid(id.as_bytes());
            let text = Place { micros, id: &inner }.text();
            prop_assert_eq!(parts.bytes(), text.as_bytes());
        }

        #[test]
        fn numbers(number in any::<i64>()) {
            let mut parts = Parts::default();
            let text = number.to_string();
            prop_assert_eq!(parts.number(number).bytes(), text.as_bytes());
        }
    }
}
