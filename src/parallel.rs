//! A bounded pool of threads for pure work on plain bytes. Nothing that runs here may touch the server.
#![allow(unsafe_code)] // signal masks

use std::cell::RefCell;
use std::mem::MaybeUninit;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::settings;

/// `f` of every item, in order, on the threads of `llmspell.threads`. Each use says what it gains.
pub fn map<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    map_on(settings::threads(), items, f)
}

/// The same on so many threads, or on the caller's own where that is one.
pub fn map_on<T: Sync, R: Send>(threads: usize, items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if threads > 1
        && items.len() > 1
        && let Some(found) = in_pool(threads, || items.par_iter().map(&f).collect())
    {
        return found;
    }
    items.iter().map(f).collect()
}

thread_local! {
    /// A backend makes its pool when it first needs one; another size makes another.
    static POOL: RefCell<Option<ThreadPool>> = const { RefCell::new(None) };
}

/// `None` where the machine gives no threads.
fn in_pool<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> Option<R> {
    POOL.with_borrow_mut(|slot| {
        if slot.as_ref().is_none_or(|pool| pool.current_num_threads() != threads) {
            *slot = without_signals(|| ThreadPoolBuilder::new().num_threads(threads).build().ok());
        }
        slot.as_ref().map(|pool| pool.install(work))
    })
}

/// Threads inherit the mask: the server's signal handlers must run on its own thread alone.
fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: sigfillset initializes the first set, and pthread_sigmask the second.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
    }
    let started = start();
    // SAFETY: the call above initialized the set.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    started
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_depend_on_the_threads() {
        let items: Vec<u32> = (0..10_000).collect();
        let wanted: Vec<u32> = items.iter().map(|n| n * n % 7919).collect();
        for threads in [1, 2, 5] {
            assert_eq!(map_on(threads, &items, |n| n * n % 7919), wanted, "{threads} threads");
        }
    }

    /// Blocks every signal that can be blocked, so that no handler of the server runs in a thread.
    #[test]
    fn threads_take_no_signals() {
        let blocked = |signal| {
            let mut mask = MaybeUninit::uninit();
            // SAFETY: with no new set the call fills in the mask of this thread.
            unsafe {
                libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), mask.as_mut_ptr());
                libc::sigismember(mask.as_ptr(), signal) == 1
            }
        };
        let signals =
            [libc::SIGINT, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2, libc::SIGALRM, libc::SIGHUP];
        let here = signals.map(blocked);
        let found = map_on(2, &[(); 64], |()| signals.iter().all(|signal| blocked(*signal)));
        assert!(found.into_iter().all(|all| all));
        assert_eq!(signals.map(blocked), here);
    }
}
