//! Documents in the binary form of jsonb, written in one pass into one buffer.

use super::binary::{
    ENTRY_HAS_OFFSET, ENTRY_LENGTH, FLAG_ARRAY, FLAG_OBJECT, IS_CONTAINER, IS_FALSE, IS_NULL, IS_NUMBER,
    IS_TEXT, IS_TRUE, Value,
};

/// How often an entry says where it ends instead of how long it is.
const STRIDE: usize = 32;

/// A container that is being written.
pub struct Open {
    entries: usize,
    data: usize,
    written: usize,
}

/// A buffer whose beginning is aligned.
#[derive(Default)]
pub struct Builder {
    bytes: Vec<u8>,
}

impl Builder {
    pub fn array(&mut self, elements: usize) -> Open {
        self.open(FLAG_ARRAY, elements, elements)
    }

    /// Keys are written first, in order, then the values.
    pub fn object(&mut self, members: usize) -> Open {
        self.open(FLAG_OBJECT, members, 2 * members)
    }

    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn open(&mut self, flag: u32, count: usize, entries: usize) -> Open {
        self.align();
        self.bytes.extend((flag | count as u32).to_ne_bytes());
        let at = self.bytes.len();
        self.bytes.resize(at + 4 * entries, 0);
        Open { entries: at, data: self.bytes.len(), written: 0 }
    }

    pub fn key(&mut self, within: &mut Open, key: &[u8]) {
        self.value(within, &Value::Text(key));
    }

    /// A value as it is.
    pub fn value(&mut self, within: &mut Open, value: &Value<'_>) {
        let start = self.bytes.len();
        let of_type = match value {
            Value::Null => IS_NULL,
            Value::Bool(false) => IS_FALSE,
            Value::Bool(true) => IS_TRUE,
            Value::Text(text) => {
                self.bytes.extend(*text);
                IS_TEXT
            }
            Value::Number(number) => {
                self.align();
                self.bytes.extend(number.0);
                IS_NUMBER
            }
            Value::Array(container) | Value::Object(container) => {
                self.align();
                self.bytes.extend(container.bytes());
                IS_CONTAINER
            }
        };
        self.entry(within, of_type, start);
    }

    /// A container that `write` makes.
    pub fn inner(&mut self, within: &mut Open, write: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        write(self);
        self.entry(within, IS_CONTAINER, start);
    }

    fn entry(&mut self, within: &mut Open, of_type: u32, start: usize) {
        let (from, flag) = match within.written % STRIDE {
            0 => (within.data, ENTRY_HAS_OFFSET),
            _ => (start, 0),
        };
        let length = (self.bytes.len() - from) as u32 & ENTRY_LENGTH;
        let at = within.entries + 4 * within.written;
        if let Some(entry) = self.bytes.get_mut(at..at + 4) {
            entry.copy_from_slice(&(of_type | flag | length).to_ne_bytes());
        }
        within.written += 1;
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}
