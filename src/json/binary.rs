//! Documents in the binary form of jsonb, read where they lie. Bytes that are no document read as values of some
//! kind: nothing here fails.

use std::cmp::Ordering;

use super::number::Number;
use crate::interrupts::polled;

pub const FLAG_SCALAR: u32 = 0x1000_0000;
pub const FLAG_OBJECT: u32 = 0x2000_0000;
pub const FLAG_ARRAY: u32 = 0x4000_0000;
const COUNT: u32 = 0x0fff_ffff;

pub const ENTRY_LENGTH: u32 = 0x0fff_ffff;
const ENTRY_TYPE: u32 = 0x7000_0000;
pub const ENTRY_HAS_OFFSET: u32 = 0x8000_0000;

pub const IS_TEXT: u32 = 0;
pub const IS_NUMBER: u32 = 0x1000_0000;
pub const IS_FALSE: u32 = 0x2000_0000;
pub const IS_TRUE: u32 = 0x3000_0000;
pub const IS_NULL: u32 = 0x4000_0000;
pub const IS_CONTAINER: u32 = 0x5000_0000;

#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number<'a>),
    Text(&'a [u8]),
    Array(Container<'a>),
    Object(Container<'a>),
}

/// An array, or an object whose members are sorted by the length of the key, then its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Container<'a> {
    whole: &'a [u8],
    count: usize,
    entries: &'a [u8],
    data: &'a [u8],
}

impl<'a> Value<'a> {
    /// The value of a document without its length word.
    pub fn of_document(bytes: &'a [u8]) -> Self {
        match word(bytes, 0) & FLAG_SCALAR {
            0 => Self::container(bytes),
            _ => Container::new(bytes).elements().next().unwrap_or(Self::Null),
        }
    }

    fn container(bytes: &'a [u8]) -> Self {
        let container = Container::new(bytes);
        if word(bytes, 0) & FLAG_OBJECT != 0 { Self::Object(container) } else { Self::Array(container) }
    }

    /// As a message names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Text(_) => 3,
            Self::Array(_) => 4,
            Self::Object(_) => 5,
        }
    }

    /// A total order, by which equal values are those that jsonb takes for equal.
    pub fn order(&self, other: &Value<'_>) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Value::Bool(two)) => one.cmp(two),
            (Self::Number(one), Value::Number(two)) => one.order(two),
            (Self::Text(one), Value::Text(two)) => one.cmp(two),
            (Self::Array(one), Value::Array(two)) => one.count.cmp(&two.count).then_with(|| {
                let differing = polled(one.elements().zip(two.elements())).map(|(one, two)| one.order(&two));
                first_unequal(differing)
            }),
            (Self::Object(one), Value::Object(two)) => one.count.cmp(&two.count).then_with(|| {
                first_unequal(
                    polled(one.members().zip(two.members()))
                        .map(|(one, two)| in_order(one.0, two.0).then_with(|| one.1.order(&two.1))),
                )
            }),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    pub fn equals(&self, other: &Value<'_>) -> bool {
        self.order(other).is_eq()
    }

    /// What jsonb `@>` says inside of documents: an object has the members of `part`, an array for each element of `part` one
    /// that contains it, and a scalar is equal.
    pub fn contains(&self, part: &Value<'_>) -> bool {
        self.contains_within(part, usize::MAX).unwrap_or_default()
    }

    /// The same; None where both go deeper than so many levels.
    pub fn contains_within(&self, part: &Value<'_>, levels: usize) -> Option<bool> {
        let below = levels.checked_sub(1)?;
        match (self, part) {
            (Self::Object(whole), Value::Object(part)) => {
                for (key, part) in polled(part.members()) {
                    let Some(it) = whole.get(key) else { return Some(false) };
                    if !it.contains_within(&part, below)? {
                        return Some(false);
                    }
                }
                Some(true)
            }
            (Self::Array(whole), Value::Array(part)) => {
                for part in polled(part.elements()) {
                    if !whole.has(&part, below)? {
                        return Some(false);
                    }
                }
                Some(true)
            }
            _ => Some(self.equals(part)),
        }
    }
}

fn first_unequal(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The order of keys.
pub fn in_order(one: &[u8], two: &[u8]) -> Ordering {
    one.len().cmp(&two.len()).then_with(|| one.cmp(two))
}

impl<'a> Container<'a> {
    fn new(whole: &'a [u8]) -> Self {
        let header = word(whole, 0);
        let count = (header & COUNT) as usize;
        let size = if header & FLAG_OBJECT != 0 { 2 * count } else { count } * 4;
        let (entries, data) = whole.get(4..).and_then(|rest| rest.split_at_checked(size)).unwrap_or_default();
        Self { whole, count: if entries.is_empty() { 0 } else { count }, entries, data }
    }

    /// As it lies in the document.
    pub fn bytes(&self) -> &'a [u8] {
        self.whole
    }

    /// How many elements or members.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Of an array.
    pub fn elements(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        self.from(0).take(self.count)
    }

    /// Whether an element contains `part`.
    fn has(&self, part: &Value<'_>, levels: usize) -> Option<bool> {
        for it in polled(self.elements()) {
            if it.contains_within(part, levels)? {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Of an object.
    pub fn members(&self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> + use<'a> {
        let container = *self;
        let mut end = 0;
        let keys = (0..self.count).map(move |n| {
            let start = end;
            end = container.end(n, start);
            container.data.get(start..end).unwrap_or_default()
        });
        keys.zip(self.from(self.count))
    }

    /// The value of a member.
    pub fn get(&self, key: &[u8]) -> Option<Value<'a>> {
        let (mut low, mut high) = (0, self.count);
        // bounded: halves the range each time.
        while low < high {
            let middle = low.midpoint(high);
            let start = self.start(middle);
            let found = self.data.get(start..self.end(middle, start)).unwrap_or_default();
            match in_order(found, key) {
                Ordering::Equal => {
                    let at = self.count + middle;
                    let start = self.start(at);
                    return Some(self.value(at, start, self.end(at, start)));
                }
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The values from an entry on.
    fn from(self, first: usize) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let mut end = self.start(first);
        (first..self.entries.len() / 4).map(move |n| {
            let start = end;
            end = self.end(n, start);
            self.value(n, start, end)
        })
    }

    /// Where the data of an entry begins: an entry has its length, or where it ends.
    fn start(&self, n: usize) -> usize {
        let mut sum = 0usize;
        // bounded: each 32nd entry says where it ends.
        for before in (0..n).rev() {
            let entry = word(self.entries, before * 4);
            sum = sum.saturating_add((entry & ENTRY_LENGTH) as usize);
            if entry & ENTRY_HAS_OFFSET != 0 {
                break;
            }
        }
        sum
    }

    fn end(&self, n: usize, start: usize) -> usize {
        let entry = word(self.entries, n * 4);
        let length = (entry & ENTRY_LENGTH) as usize;
        if entry & ENTRY_HAS_OFFSET != 0 { length } else { start.saturating_add(length) }
    }

    fn value(&self, n: usize, start: usize, end: usize) -> Value<'a> {
        // Numbers and containers are aligned.
        let aligned = || self.data.get(start.next_multiple_of(4)..end).unwrap_or_default();
        match word(self.entries, n * 4) & ENTRY_TYPE {
            IS_TEXT => Value::Text(self.data.get(start..end).unwrap_or_default()),
            IS_NUMBER => Value::Number(Number(aligned())),
            IS_FALSE => Value::Bool(false),
            IS_TRUE => Value::Bool(true),
            IS_CONTAINER => Value::container(aligned()),
            _ => Value::Null,
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::super::made::{any, document};
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    /// As jsonb says of values inside of documents.
    fn contains(whole: &Json, part: &Json) -> bool {
        match (whole, part) {
            (Json::Object(whole), Json::Object(part)) => {
                part.iter().all(|(key, part)| whole.get(key).is_some_and(|it| contains(it, part)))
            }
            (Json::Array(whole), Json::Array(part)) => {
                part.iter().all(|part| whole.iter().any(|it| contains(it, part)))
            }
            _ => whole == part,
        }
    }

    #[test]
    pub fn members_of_a_large_object() {
        let large: serde_json::Map<String, Json> =
            (0..500).map(|n| (format!("k{n}"), json!([n, "x"]))).collect();
        let bytes = document(&Json::Object(large));
        let Value::Object(object) = Value::of_document(&bytes) else { unreachable!() };
        assert_eq!(object.members().count(), 500);
        for n in 0..500 {
            let wanted = document(&json!([n, "x"]));
            let found = object.get(format!("k{n}").as_bytes()).unwrap();
            assert!(found.equals(&Value::of_document(&wanted)), "{n}");
        }
        assert!(object.get(b"k500").is_none() && object.get(b"").is_none());
    }

    #[test]
    fn bytes_that_are_no_document() {
        let bytes = document(&json!({"a": [1, 2.5, {"b": "c"}], "d": true}));
        for n in 0..bytes.len() {
            for changed in [bytes[..n].to_vec(), [&bytes[..n], &[0xff], &bytes[n + 1..]].concat()] {
                let value = Value::of_document(&changed);
                let _ = value.contains(&Value::of_document(&bytes));
                let _ = Value::of_document(&bytes).contains(&value);
                let _ = value.order(&value);
            }
        }
    }

    #[test]
    fn too_deep() {
        let nested = |levels| document(&(0..levels).fold(json!(1), |inner, _| json!({"a": [inner]})));
        let (three, four) = (nested(3), nested(4));
        let within = |levels| Value::of_document(&four).contains_within(&Value::of_document(&four), levels);
        assert_eq!((within(8), within(9)), (None, Some(true)));
        let other = Value::of_document(&three).contains_within(&Value::of_document(&four), 9);
        assert_eq!(other, Some(false));
    }

    proptest! {
        #[test]
        fn agrees_with_a_tree(one in any(), two in any()) {
            let (a, b) = (document(&one), document(&two));
            let (a, b) = (Value::of_document(&a), Value::of_document(&b));
            prop_assert_eq!(a.equals(&b), one == two);
            prop_assert_eq!(a.contains(&b), contains(&one, &two));
            prop_assert_eq!(a.order(&b), b.order(&a).reverse());
            prop_assert!(a.equals(&a) && a.contains(&a));
        }
    }
}
