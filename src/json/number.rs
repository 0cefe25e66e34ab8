//! Numbers in the binary form of numeric, compared exactly whatever their size.

use std::cmp::Ordering;

/// A number with its length word.
#[derive(Debug, Clone, Copy)]
pub struct Number<'a>(pub &'a [u8]);

/// The parts of a number: its sign, the place of the first digit, and digits of base 10,000 without zeros at both ends.
struct Parts<'a> {
    class: i8,
    weight: i32,
    digits: &'a [u8],
}

impl<'a> Number<'a> {
    pub fn order(&self, other: &Number<'_>) -> Ordering {
        let (one, two) = (self.parts(), other.parts());
        let magnitude = || one.weight.cmp(&two.weight).then_with(|| digits(&one).cmp(digits(&two)));
        one.class.cmp(&two.class).then_with(|| match one.class {
            1 => magnitude(),
            -1 => magnitude().reverse(),
            _ => Ordering::Equal,
        })
    }

    fn parts(&self) -> Parts<'a> {
        let half = |at: usize| self.0.get(at..at + 2).map_or(0, |two| u16::from_ne_bytes([two[0], two[1]]));
        let header = half(4);
        let (is_negative, weight, from) = match header & 0xc000 {
            0xc000 => {
                // Beyond all others as numeric sorts them; JSON has none of them.
                let class = match header & 0xf000 {
                    0xd000 => 2,
                    0xf000 => -2,
                    _ => 3,
                };
                return Parts { class, weight: 0, digits: &[] };
            }
            0x8000 => {
                let magnitude = i32::from(header & 0x3f);
                (header & 0x2000 != 0, if header & 0x40 != 0 { magnitude - 64 } else { magnitude }, 6)
            }
            sign => (sign == 0x4000, i32::from(half(6).cast_signed()), 8),
        };
        let digits = self.0.get(from..).unwrap_or_default();
        let class = match (digits.is_empty(), is_negative) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => -1,
        };
        Parts { class, weight, digits }
    }
}

fn digits<'a>(parts: &Parts<'a>) -> impl Iterator<Item = u16> + use<'a> {
    parts.digits.as_chunks::<2>().0.iter().map(|two| u16::from_ne_bytes(*two))
}

#[cfg(test)]
mod tests {
    use super::super::made::number;
    use super::*;
    use proptest::prelude::*;

    fn order(one: &str, two: &str) -> Ordering {
        Number(&number(one)).order(&Number(&number(two)))
    }

    #[test]
    fn by_value_not_by_spelling() {
        assert_eq!(order("1", "1.00"), Ordering::Equal);
        assert_eq!(order("0", "-0.000"), Ordering::Equal);
        assert_eq!(order("10000", "9999.9999"), Ordering::Greater);
        assert_eq!(order("-10000", "-9999.9999"), Ordering::Less);
        assert_eq!(order("0.0001", "0.00001"), Ordering::Greater);
        assert_eq!(order("12345678901234567890.1", "12345678901234567890.2"), Ordering::Less);
        assert_eq!(order("1.5", "1"), Ordering::Greater);
        assert_eq!(order("-1", "0"), Ordering::Less);
        // The long form, which a weight beyond 63 needs.
        let large = format!("1{}", "0".repeat(400));
        assert_eq!(order(&large, &format!("{large}.5")), Ordering::Less);
        assert_eq!(order(&large, "9"), Ordering::Greater);
        assert_eq!(order(&format!("-{large}"), "-9"), Ordering::Less);
    }

    #[test]
    fn what_json_has_not() {
        let special = |header: u16| [&40u32.to_ne_bytes()[..], &header.to_ne_bytes()].concat();
        let [nan, most, least] = [special(0xc000), special(0xd000), special(0xf000)];
        let one = number("1");
        let sorted = [&least, &one, &most, &nan];
        for pair in sorted.windows(2) {
            assert_eq!(Number(pair[0]).order(&Number(pair[1])), Ordering::Less);
        }
        assert_eq!(Number(&[]).order(&Number(&nan[..4])), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn agrees_with_integers(one in any::<i64>(), two in any::<i64>(), scale in 0..9u32, both in prop::bool::ANY) {
            let two = if both { two } else { one.wrapping_add(two % 3) };
            // The same decimal point in both.
            let text = |n: i64| {
                let digits = format!("{:0>20}", n.unsigned_abs());
                let (whole, part) = digits.split_at(20 - scale as usize);
                format!("{}{whole}.{part}", if n < 0 { "-" } else { "" })
            };
            prop_assert_eq!(order(&text(one), &text(two)), one.cmp(&two));
        }
    }
}
