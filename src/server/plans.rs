//! The plans that a session keeps.
#![allow(unsafe_code)] // SPI

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString};
use std::fmt::Write;
use std::rc::Rc;

use pgrx::prelude::*;

use super::cache::Cache;
use super::nest::Settings;
use super::spi::{Arg, Sql};

/// The fixed statements of two roles, and as many variants of a search.
const MAX_PLANS: usize = 384;

#[derive(PartialEq, Eq, Hash)]
struct Key {
    role: pg_sys::Oid,
    row_security: bool,
    text: Text,
}

#[derive(PartialEq, Eq, Hash)]
enum Text {
    /// By the address of the text.
    Fixed(usize),
    /// With the types of its parameters: those of an extension get other numbers when it is made anew.
    Made(String),
}

thread_local! {
    static PLANS: RefCell<Cache<Key, Plan>> = RefCell::new(Cache::new(MAX_PLANS));
}

/// A generic plan that the server keeps. Whoever runs it holds it, so that it is not freed meanwhile.
pub struct Plan {
    pub pointer: pg_sys::SPIPlanPtr,
    source: *mut pg_sys::CachedPlanSource,
    /// How many pages the tables of the connection had when this was made.
    pages: u32,
    /// The generation of the server's plan that was made under the settings it needs.
    settled: Cell<Option<i32>>,
}

impl Plan {
    /// Whether the server has a plan that it made under the settings.
    fn is_settled(&self) -> bool {
        let (is_valid, generation) = self.state();
        is_valid && self.settled.get() == Some(generation)
    }

    /// The server has planned under the settings.
    fn settle(&self) {
        self.settled.set(Some(self.state().1));
    }

    fn state(&self) -> (bool, i32) {
        // SAFETY: the source belongs to the plan, which is kept for as long as self.
        unsafe { ((*self.source).is_valid, (*self.source).generation) }
    }
}

/// The plan of a statement, made where there is none yet. Inside a connection.
pub fn get(sql: Sql<'_>, args: &[Arg<'_>], pages: u32) -> Rc<Plan> {
    let text = match sql {
        Sql::Fixed(text) => Text::Fixed(text.as_ptr() as usize),
        Sql::Made(text) => {
            let mut key = String::with_capacity(text.len() + 8 * args.len());
            // bounded: parameters that the code has.
            for arg in args {
                let _ = write!(key, "{} ", arg.oid().to_u32());
            }
            key.push_str(text);
            Text::Made(key)
        }
    };
    // SAFETY: reads globals of the server.
    let key = unsafe { Key { role: pg_sys::GetUserId(), row_security: pg_sys::row_security, text } };
    if let Some(plan) = PLANS.with_borrow_mut(|plans| plans.get(&key))
        && !has_outgrown(plan.pages, pages)
    {
        return plan;
    }
    let plan = match sql {
        Sql::Fixed(text) => prepare(text, args, pages),
        // A text of the server holds no NUL, and the rest is made here.
        Sql::Made(text) => prepare(&CString::new(text).unwrap_or_default(), args, pages),
    };
    let (plan, unused) = PLANS.with_borrow_mut(|plans| (plans.put(key, plan), plans.take_unused()));
    // bounded: entries of a cache.
    for plan in unused {
        // SAFETY: the plan was kept, and nobody else has the pointer any more.
        unsafe { pg_sys::SPI_freeplan(plan.pointer) };
    }
    plan
}

/// Runs a plan, under settings for the planner where the server has to plan.
pub fn run<T>(plan: &Rc<Plan>, settings: impl FnOnce() -> Settings, run: impl FnOnce() -> T) -> T {
    if plan.is_settled() {
        let result = run();
        if !plan.is_settled() {
            // Something changed, and the server has planned without the settings.
            forget(plan);
        }
        return result;
    }
    let settings = settings();
    let result = run();
    drop(settings);
    plan.settle();
    result
}

/// The next call makes the plan anew.
fn forget(plan: &Rc<Plan>) {
    PLANS.with_borrow_mut(|plans| plans.forget(plan));
}

/// Whether tables have so many more or fewer pages than when a plan was made that another may be better.
fn has_outgrown(planned_for: u32, pages: u32) -> bool {
    pages > planned_for.saturating_mul(2).saturating_add(8) || pages < planned_for / 4
}

fn prepare(text: &CStr, args: &[Arg<'_>], pages: u32) -> Plan {
    let mut types: Vec<pg_sys::Oid> = args.iter().map(Arg::oid).collect();
    // SAFETY: a C string and as many types as said, which live through the call; what cannot be prepared is
    // an error of the server, raised from within. The plan of one statement has one source.
    unsafe {
        let pointer = pg_sys::SPI_prepare_cursor(
            text.as_ptr(),
            types.len() as i32,
            types.as_mut_ptr(),
            pg_sys::CURSOR_OPT_GENERIC_PLAN as i32,
        );
        if pointer.is_null() || pg_sys::SPI_keepplan(pointer) != 0 {
            error!("cannot prepare: {}", text.to_string_lossy());
        }
        let sources = pg_sys::SPI_plan_get_plan_sources(pointer);
        let source = (*(*sources).elements).ptr_value.cast::<pg_sys::CachedPlanSource>();
        Plan { pointer, source, pages, settled: Cell::new(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_serves_until_its_tables_double() {
        assert!(!has_outgrown(0, 8));
        assert!(has_outgrown(0, 9));
        assert!(!has_outgrown(100, 208));
        assert!(has_outgrown(100, 209));
        assert!(!has_outgrown(100, 25));
        assert!(has_outgrown(100, 24));
        assert!(!has_outgrown(u32::MAX, u32::MAX));
    }
}
