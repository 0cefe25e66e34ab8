//! The frame of packed bytes: one byte for the method, four for the length of what was packed (little
//! endian), then the payload. It is stored, and frozen; methods beside [`RAW`] are those of the caller.

pub const HEADER: usize = 5;

/// The method of a payload that is stored as it is.
pub const RAW: u8 = 0;

/// Why bytes cannot be packed or unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("cut off")]
    CutOff,
    #[error("length differs from the declared one")]
    Length,
    #[error("{bytes} bytes are too long")]
    TooLong { bytes: usize },
    #[error("zstd refuses it")]
    Unreadable,
    #[error("unknown method {0}")]
    UnknownMethod(u8),
    #[error("zstd cannot compress it")]
    Unwritable,
}

/// The frame of `data`: around `payload`, made by `method`, or around the data itself where that is not longer.
/// Data has at most 4 GiB, which the callers' limits see to.
pub fn seal(method: u8, data: &[u8], payload: &[u8]) -> Vec<u8> {
    let (method, payload) = if payload.len() < data.len() { (method, payload) } else { (RAW, data) };
    let mut packed = Vec::with_capacity(HEADER + payload.len());
    packed.push(method);
    packed.extend_from_slice(&(data.len() as u32).to_le_bytes());
    packed.extend_from_slice(payload);
    packed
}

/// Undoes [`seal`]: `decompress` gets the method, the payload and the length that it may take at most. Data of
/// more than `max` bytes is refused before memory is taken for it.
pub fn open<E: From<Invalid>>(
    packed: &[u8],
    max: usize,
    decompress: impl FnOnce(u8, &[u8], usize) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, E> {
    let (header, payload) = packed.split_at_checked(HEADER).ok_or(Invalid::CutOff)?;
    let length = header[1..].iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte));
    if length > max {
        return Err(Invalid::TooLong { bytes: length }.into());
    }
    let data = match header[0] {
        RAW => payload.to_vec(),
        method => decompress(method, payload, length)?,
    };
    if data.len() == length { Ok(data) } else { Err(Invalid::Length.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reversed(method: u8, payload: &[u8], length: usize) -> Result<Vec<u8>, Invalid> {
        match method {
            7 => Ok(payload.iter().rev().copied().chain([0; 9]).take(length).collect()),
            method => Err(Invalid::UnknownMethod(method)),
        }
    }

    #[test]
    fn the_form_is_frozen() {
        assert_eq!(seal(7, b"abc", b"cb"), *b"\x07\x03\x00\x00\x00cb");
        assert_eq!(seal(7, b"abc", b"xyz"), *b"\x00\x03\x00\x00\x00abc");
        assert_eq!(seal(7, b"", b""), [0; 5]);
        assert_eq!(seal(7, &[1; 0x0102], b"")[..5], [7, 2, 1, 0, 0]);
    }

    #[test]
    fn hostile_headers() {
        assert_eq!(open(b"\x07\x00\x00\x00", 9, reversed), Err(Invalid::CutOff));
        assert_eq!(open(&[8, 0, 0, 0, 0], 9, reversed), Err(Invalid::UnknownMethod(8)));
        assert_eq!(open(&[7, 10, 0, 0, 0], 9, reversed), Err(Invalid::TooLong { bytes: 10 }));
        assert_eq!(open(&[7, 255, 255, 255, 255], 9, reversed), Err(Invalid::TooLong { bytes: 0xffff_ffff }));
        assert_eq!(open(&[0, 2, 0, 0, 0, 1], 9, reversed), Err(Invalid::Length));
    }

    proptest! {
        #[test]
        fn round_trip(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            let payload: Vec<u8> = data.iter().rev().copied().skip_while(|byte| *byte == 0).collect();
            prop_assume!(data.len() - payload.len() <= 9);
            let packed = seal(7, &data, &payload);
            prop_assert!(packed.len() <= HEADER + data.len());
            if packed[0] == RAW {
                prop_assert_eq!(open(&packed, 300, reversed), Ok(data));
            }
        }

        #[test]
        fn any_bytes(packed in proptest::collection::vec(any::<u8>(), 0..30), max in 0usize..100) {
            if let Ok(data) = open(&packed, max, reversed) {
                prop_assert!(data.len() <= max);
            }
        }
    }
}
