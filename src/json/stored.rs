//! How long and how deep a stored document is, read from the binary form of jsonb without making its text: a
//! number of 12 bytes may have 131,072 digits, and a document of 80 kB may be nested 10,000 deep.

use super::canonical::MAX_DEPTH;
use crate::interrupts::poll;
use crate::limits::COPIED_CHARS;
use crate::text::copied;

const FLAG_OBJECT: u32 = 0x2000_0000;
const COUNT: u32 = 0x0fff_ffff;
const ENTRY_LENGTH: u32 = 0x0fff_ffff;
const ENTRY_TYPE: u32 = 0x7000_0000;
const ENTRY_HAS_OFFSET: u32 = 0x8000_0000;

/// A level takes 8 bytes, a number of 131,072 digits 12: a document of fewer bytes passes no bound.
pub const FLAT_BYTES: usize = 8000;

/// The bound that a document passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Nested too deep.
    Depth,
    /// Too long as text.
    Length,
}

/// A container that is being read.
struct Level<'a> {
    entries: &'a [u8],
    data: &'a [u8],
    /// Of entries read so far, and the end of their data.
    read: usize,
    end: usize,
}

/// Refuses a document, given without its length word, that has more than `COPIED_CHARS` as text in COPY or is
/// nested more than `MAX_DEPTH` deep.
pub fn check(document: &[u8]) -> Result<(), Excess> {
    if document.len() < FLAT_BYTES {
        return Ok(());
    }
    measure(document, COPIED_CHARS, MAX_DEPTH).map(|_| ())
}

/// The characters of the document, at most some too many; an error as soon as it passes a bound.
fn measure(document: &[u8], max_chars: usize, max_depth: usize) -> Result<usize, Excess> {
    let mut chars = 0;
    let mut levels: Vec<Level<'_>> = open(document, &mut chars).into_iter().collect();
    let mut steps = 0usize;
    while let Some(level) = levels.last_mut() {
        steps += 1;
        if steps.is_multiple_of(65_536) {
            poll();
        }
        let Some(entry) = word(level.entries, level.read * 4) else {
            levels.pop();
            continue;
        };
        let start = level.end;
        let length = (entry & ENTRY_LENGTH) as usize;
        level.end = if entry & ENTRY_HAS_OFFSET != 0 { length } else { start + length };
        level.read += 1;
        let value = |from: usize| level.data.get(from..level.end).unwrap_or_default();
        let mut inner = None;
        chars = chars.saturating_add(match (entry & ENTRY_TYPE) >> 28 {
            0 => 2 + copied::of_json(value(start)),
            // Numbers and containers are aligned.
            1 => digits(value(start.next_multiple_of(4))),
            5 => {
                inner = Some(value(start.next_multiple_of(4)));
                0
            }
            _ => 5,
        });
        if let Some(container) = inner {
            if levels.len() >= max_depth {
                return Err(Excess::Depth);
            }
            levels.extend(open(container, &mut chars));
        }
        if chars > max_chars {
            return Err(Excess::Length);
        }
    }
    Ok(chars)
}

/// Begins a container, and adds its punctuation.
fn open<'a>(container: &'a [u8], chars: &mut usize) -> Option<Level<'a>> {
    let header = word(container, 0)?;
    let count = (header & COUNT) as usize;
    let entries = if header & FLAG_OBJECT != 0 { count.saturating_mul(2) } else { count };
    // Brackets, and ", " or ": " behind each entry.
    *chars = chars.saturating_add(2).saturating_add(entries.saturating_mul(2));
    let (entries, data) = container.get(4..)?.split_at_checked(entries.saturating_mul(4))?;
    Some(Level { entries, data, read: 0, end: 0 })
}

/// How many characters a number has at most, by its header.
fn digits(numeric: &[u8]) -> usize {
    let half = |at: usize| numeric.get(at..at + 2).map_or(0, |two| u16::from_ne_bytes([two[0], two[1]]));
    let header = half(4);
    let (weight, scale) = if header & 0xc000 == 0x8000 {
        let magnitude = i32::from(header & 0x3f);
        (if header & 0x40 != 0 { magnitude - 64 } else { magnitude }, (header & 0x1f80) >> 7)
    } else {
        (i32::from(half(6).cast_signed()), header & 0x3fff)
    };
    // A digit of the server is four of ours; sign, leading zero and point.
    usize::try_from(weight + 1).unwrap_or(0) * 4 + usize::from(scale) + 3
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARRAY: u32 = 0x4000_0000;
    const NUMERIC: u32 = 0x1000_0000;
    const TRUE: u32 = 0x3000_0000;
    const CONTAINER: u32 = 0x5000_0000;

    fn container(flags: u32, entries: &[u32], data: &[u8]) -> Vec<u8> {
        let mut bytes = flags.to_ne_bytes().to_vec();
        bytes.extend(entries.iter().flat_map(|entry| entry.to_ne_bytes()));
        bytes.extend(data);
        bytes
    }

    fn nested(depth: usize) -> Vec<u8> {
        (1..depth).fold(container(ARRAY, &[], &[]), |inner, _| {
            container(ARRAY | 1, &[CONTAINER | inner.len() as u32], &inner)
        })
    }

    fn chars(document: &[u8]) -> Result<usize, Excess> {
        measure(document, 1000, 10)
    }

    #[test]
    fn text_with_punctuation() {
        // {"a": "\"", "b": true}
        let object = container(0x2000_0002, &[1, 1, 1, TRUE], b"ab\"");
        assert_eq!(chars(&object), Ok(2 + 4 * 2 + 3 + 3 + (2 + 3) + 5));
    }

    #[test]
    fn a_number_counts_by_its_header() {
        // 1e999: weight 249, one digit of the server; the length word counts 10 bytes.
        let mut numeric = 40u32.to_ne_bytes().to_vec();
        numeric.extend([0u8, 0]);
        numeric.extend(249i16.to_ne_bytes());
        numeric.extend(1000i16.to_ne_bytes());
        let array = container(ARRAY | 1, &[NUMERIC | numeric.len() as u32], &numeric);
        assert_eq!(chars(&array), Err(Excess::Length));
        assert_eq!(measure(&array, 1007, 10), Ok(4 + 1003));
        // 0.01: short form, weight -1, scale 2.
        assert_eq!(digits(&[0, 0, 0, 0, 0x7f, 0x81]), 2 + 3);
    }

    #[test]
    fn depth_is_counted() {
        assert!(chars(&nested(10)).is_ok());
        assert_eq!(chars(&nested(11)), Err(Excess::Depth));
        assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1)), Err(Excess::Depth));
    }

    #[test]
    fn bytes_that_are_no_document() {
        for bytes in [&[][..], &[1, 2], &[0xff; 64], &container(ARRAY | 3, &[CONTAINER | 50], &[])] {
            let _ = chars(bytes);
        }
    }
}
