//! How what is stored for good is compressed: in the Zstandard format (RFC 8878), with a dictionary of what calls and
//! answers have in common, since each of them is short.

use std::cell::RefCell;
use std::sync::LazyLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// Texts of the calls and answers that every installation has, and of those of the types of the contract; no value in it
/// is anybody's own. Whatever is packed can be read with these bytes alone: after a release they never change, and another
/// dictionary needs a format of its own. What is most common stands at the end.
const DICTIONARY: &[u8] = include_bytes!("packing.dict");

/// Higher levels gain nothing with texts this short.
const LEVEL: i32 = 1;

static PACKING: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));
static UNPACKING: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

thread_local! {
    /// To make one is more work than to compress a call.
    static COMPRESSOR: RefCell<Compressor<'static>> = RefCell::new(
        Compressor::with_prepared_dictionary(&PACKING).expect("the dictionary is a part of the program"));
    static DECOMPRESSOR: RefCell<Decompressor<'static>> = RefCell::new(
        Decompressor::with_prepared_dictionary(&UNPACKING).expect("the dictionary is a part of the program"));
}

/// The bytes to store.
pub(super) fn pack(plain: &[u8]) -> Vec<u8> {
    COMPRESSOR.with_borrow_mut(|compressor| compressor.compress(plain)).expect("there is room for all of it")
}

/// Reads what [`pack`] wrote; `None` if it is something else, or more than `bytes_max`, which is found before it takes
/// the room.
pub(super) fn unpack(packed: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let length = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
    let length = usize::try_from(length).ok().filter(|length| *length <= bytes_max)?;
    let plain = DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.decompress(packed, length)).ok()?;
    (plain.len() == length).then_some(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_not_packed_here_takes_no_room() {
        let packed = pack(&[b'x'; 1_000]);
        assert_eq!(unpack(&packed, 1_000).unwrap().len(), 1_000);
        assert_eq!(unpack(&packed, 999), None);
        for bytes in [&packed[..packed.len() - 1], &packed[1..], b"", b"call", &[0x28, 0xb5, 0x2f, 0xfd]] {
            assert_eq!(unpack(bytes, 1_000), None, "{bytes:?}");
        }
        // A frame that promises much and has nothing.
        let promise = [&[0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &u64::MAX.to_le_bytes()].concat();
        assert_eq!(unpack(&promise, usize::MAX >> 1), None);
    }

    #[test]
    fn the_dictionary_is_the_one_with_which_rows_were_packed() {
        let digest = crate::domain::digest::Digest::of(DICTIONARY).to_string();
        assert_eq!(digest, "sha256:674c20772c91e694b154e7045a27fd8855f88240f2b53bd7180fb08d6ca5d985");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..5_000)) {
            prop_assert_eq!(unpack(&pack(&bytes), bytes.len()), Some(bytes));
        }
    }
}
