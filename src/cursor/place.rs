//! The place of a row in a list that goes by time and then by id, as text: microseconds since 1970 (or
//! `infinity`, `-infinity`), a slash, and the id. Drivers that cut times to milliseconds hand it back whole.

use std::fmt::{self, Write};

use crate::text::shown;

/// Microseconds from 1970 to 2000, where the timestamps of Postgres begin.
pub const EPOCH_2000: i64 = 946_684_800_000_000;
/// The timestamps of Postgres, in microseconds since 2000: 4714 BC to 294276 AD.
const FIRST: i64 = -211_813_488_000_000_000;
const END: i64 = 9_223_371_331_200_000_000;
/// The longest time as text, with its slash.
const TIME_CHARS: usize = 22;

/// A place. `micros` counts from 2000 as Postgres does; the least and the greatest number are the infinities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub micros: i64,
    pub id: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("after is not a cursor of this list: \"{}\"", shown::start(.0))]
    Cursor(String),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.micros {
            i64::MIN => f.write_str("-infinity/")?,
            i64::MAX => f.write_str("infinity/")?,
            // From 2000 to the last timestamp the sum exceeds an i64, but not a u64.
            micros @ 0.. => write!(f, "{}/", micros.unsigned_abs() + EPOCH_2000.unsigned_abs())?,
            micros => write!(f, "{}/", micros + EPOCH_2000)?,
        }
        f.write_str(self.id)
    }
}

impl<'a> Place<'a> {
    /// The same as [`Display`](fmt::Display) writes, in one allocation.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(TIME_CHARS + self.id.len());
        // Writing to a String does not fail.
        let _ = write!(text, "{self}");
        text
    }

    /// Takes what [`Display`](fmt::Display) writes, and nothing else.
    pub fn parse(cursor: &'a str) -> Result<Self, Invalid> {
        Self::read(cursor).ok_or_else(|| Invalid::Cursor(cursor.to_owned()))
    }

    fn read(cursor: &'a str) -> Option<Self> {
        let (time, id) = cursor.split_once('/')?;
        let micros = match time {
            "-infinity" => i64::MIN,
            "infinity" => i64::MAX,
            _ => {
                let digits = time.strip_prefix('-').unwrap_or(time);
                let canonical =
                    digits.bytes().all(|b| b.is_ascii_digit()) && (!digits.starts_with('0') || time == "0");
                let micros = canonical.then(|| time.parse::<i128>().ok())??;
                i64::try_from(micros - i128::from(EPOCH_2000)).ok().filter(|m| (FIRST..END).contains(m))?
            }
        };
        Some(Self { micros, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_at_the_ends() {
        for (micros, id, cursor) in [
            (0, "a", "946684800000000/a"),
            (-EPOCH_2000, "", "0/"),
            (-EPOCH_2000 - 1, "b/c", "-1/b/c"),
            (FIRST, "x", "-210866803200000000/x"),
            (END - 1, "x", "9224318015999999999/x"),
            (i64::MAX, "x", "infinity/x"),
            (i64::MIN, "x", "-infinity/x"),
        ] {
            let place = Place { micros, id };
            assert_eq!(place.text(), cursor);
            assert_eq!(Place::parse(cursor), Ok(place));
        }
    }

    #[test]
    fn refuses_the_rest() {
        for cursor in [
            "",
            "/",
            "/a",
            "1",
            "x/a",
            "+1/a",
            "01/a",
            "-0/a",
            "-/a",
            " 1/a",
            "1.5/a",
            "1e3/a",
            "Infinity/a",
            "nan/a",
            "٣/a",
            "9224318016000000000/a",
            "-210866803200000001/a",
            "99999999999999999999999999999999999999999/a",
        ] {
            assert_eq!(Place::parse(cursor), Err(Invalid::Cursor(cursor.to_owned())), "{cursor:?}");
        }
        assert_eq!(
            Invalid::Cursor("x".repeat(70)).to_string(),
            format!("after is not a cursor of this list: \"{}…\"", "x".repeat(60))
        );
    }

    proptest! {
        #[test]
        fn comes_back_exactly(micros in prop_oneof![FIRST..END, Just(i64::MAX), Just(i64::MIN)], id in ".{0,40}") {
            let cursor = Place { micros, id: &id }.to_string();
            prop_assert_eq!(Place::parse(&cursor), Ok(Place { micros, id: &id }));
        }

        #[test]
        fn only_what_was_written_is_taken(cursor in "-?[0-9]{0,20}/?.{0,5}|.{0,12}") {
            if let Ok(place) = Place::parse(&cursor) {
                prop_assert_eq!(place.to_string(), cursor);
            }
        }
    }
}
