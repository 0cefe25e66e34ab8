//! Whether the work is still wanted. Loops over what a user sent or stored ask, so that `statement_timeout`,
//! cancel and the end of the session stop them; `scripts/lint-loops` refuses those that do not.
//!
//! Pure code asks through this module, which does not know the server: the server says at its start how it is asked.
//! On the threads of [`crate::parallel`] and in unit tests nobody is asked.

use std::cell::Cell;

thread_local! {
    static ASK: Cell<fn()> = const { Cell::new(|| ()) };
}

/// How many bytes are hashed or compressed between two questions: a millisecond's work.
pub const PART: usize = 1 << 20;

/// How many items are handled between two questions where one takes well under a microsecond.
const STRIDE: usize = 1024;

/// Says how this thread asks. `ask` does not return where the work is to end.
pub fn ask_by(ask: fn()) {
    ASK.set(ask);
}

/// Does not return where the work is to end.
pub fn poll() {
    ASK.get()();
}

/// The same items; asks now and then while they are taken.
pub fn polled<I: IntoIterator>(items: I) -> impl Iterator<Item = I::Item> {
    items.into_iter().enumerate().map(|(n, item)| {
        if n % STRIDE == STRIDE - 1 {
            poll();
        }
        item
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static ASKED: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn asks_once_for_each_stride() {
        ask_by(|| ASKED.set(ASKED.get() + 1));
        assert_eq!(polled(0..3 * STRIDE + 5).count(), 3 * STRIDE + 5);
        assert_eq!(ASKED.get(), 3);
        poll();
        assert_eq!(ASKED.get(), 4);
        let elsewhere = std::thread::spawn(|| {
            poll();
            ASKED.get()
        });
        assert_eq!(elsewhere.join().unwrap(), 0);
    }
}
