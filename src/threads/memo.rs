//! The values that the session unpacked last: the next version of a channel, and the next checkpoint of a list, need most of them again.
//!
//! An entry serves only where the row that was read has the very bytes that the entry was unpacked from, beside the
//! same base. So it never tells more than the row does, whoever reads it, and whatever has become of the row.

use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use super::chain::{Blob, Id};
use crate::interrupts::polled;

pub type Content = Rc<Vec<u8>>;

/// Most bytes that a session keeps.
const MOST_BYTES: usize = 8 << 20;

/// Larger ones would leave no room for the others of their chain.
const LARGEST: usize = MOST_BYTES / 8;

struct Entry {
    id: Id,
    packed: Vec<u8>,
    base: Option<Weak<Vec<u8>>>,
    content: Content,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.packed.len() + self.content.len()
    }
}

#[derive(Default)]
pub struct Memo {
    /// The last one was used last.
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl Memo {
    pub const fn new() -> Self {
        Self { entries: VecDeque::new(), bytes: 0 }
    }

    /// The content of a blob, beside this content of its base.
    pub fn find(&mut self, blob: &Blob, base: Option<&Content>) -> Option<Content> {
        let place = polled(&self.entries).position(|entry| entry.id == blob.id)?;
        let entry = self.entries.remove(place)?;
        let is_same = entry.packed == blob.packed
            && match (&entry.base, base) {
                (None, None) => true,
                (Some(kept), Some(base)) => kept.upgrade().is_some_and(|kept| Rc::ptr_eq(&kept, base)),
                _ => false,
            };
        if !is_same {
            self.bytes -= entry.bytes();
            return None;
        }
        let content = Rc::clone(&entry.content);
        self.entries.push_back(entry);
        Some(content)
    }

    pub fn keep(&mut self, id: Id, packed: &[u8], base: Option<&Content>, content: &Content) {
        if packed.len() + content.len() > LARGEST {
            return;
        }
        let entry =
            Entry { id, packed: packed.to_vec(), base: base.map(Rc::downgrade), content: Rc::clone(content) };
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        // bounded: the entries.
        while self.bytes > MOST_BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(id: u8, packed: &[u8]) -> Blob {
        let (base, step, size) = (None, 0, 0);
        Blob { id: [id; 16], base, step, blob_type: String::new(), size, packed: packed.to_vec() }
    }

    #[test]
    fn found_by_the_same_bytes_beside_the_same_base() {
        let mut memo = Memo::new();
        let (base, content) = (Rc::new(b"base".to_vec()), Rc::new(b"content".to_vec()));
        memo.keep([1; 16], b"packed", Some(&base), &content);
        let another = Rc::new(b"base".to_vec());
        for (packed, beside, wanted) in [
            (&b"packed"[..], Some(&base), true),
            (b"packed", None, false),
            (b"packed", Some(&another), false),
            (b"altered", Some(&base), false),
        ] {
            memo.keep([1; 16], b"packed", Some(&base), &content);
            assert_eq!(memo.find(&blob(1, packed), beside).is_some(), wanted);
            memo = Memo::new();
            memo.keep([1; 16], b"packed", Some(&base), &content);
        }
        assert!(memo.find(&blob(2, b"packed"), Some(&base)).is_none());
        drop(base);
        let base = Rc::new(b"base".to_vec());
        assert!(memo.find(&blob(1, b"packed"), Some(&base)).is_none());
        assert_eq!((memo.entries.len(), memo.bytes), (0, 0));
    }

    #[test]
    fn the_last_used_stay() {
        let mut memo = Memo::new();
        let content = Rc::new(vec![0; 1 << 19]);
        for n in 0..40 {
            memo.keep([n; 16], &[n], None, &content);
            assert!(memo.find(&blob(0, &[0]), None).is_some() && memo.bytes <= MOST_BYTES);
        }
        assert!(memo.find(&blob(39, &[39]), None).is_some() && memo.find(&blob(5, &[5]), None).is_none());
        assert_eq!(memo.bytes, memo.entries.iter().map(Entry::bytes).sum::<usize>());
        memo.keep([50; 16], &[], None, &Rc::new(vec![0; LARGEST + 1]));
        assert!(memo.find(&blob(50, &[]), None).is_none());
    }
}
