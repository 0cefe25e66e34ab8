//! A bounded pool of threads for pure work on plain bytes. Nothing that runs here may touch the server.
#![allow(unsafe_code)] // signal masks

use std::cell::RefCell;
use std::mem::MaybeUninit;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::settings;

/// `f` of every item, in order: on the threads of `llmspell.threads`, or here where that is one.
pub fn map<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = settings::threads();
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
