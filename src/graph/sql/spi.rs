//! Prepared statements over SPI, each prepared once in a session and kept.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{CStr, c_char};

use pgrx::prelude::*;

use crate::graph::content::Id;

/// What a statement sees.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// What the calling query sees: one snapshot for all statements of a read.
    Query,
    /// All that is committed by now, also in a transaction that keeps its first snapshot.
    Latest,
    /// As any statement that writes.
    Write,
}

/// Where a row lies: a `ctid`.
pub type Place = pg_sys::ItemPointerData;

pub enum Arg<'a> {
    Id(Id),
    Ids(&'a [Id]),
    Text(&'a str),
    MaybeText(Option<&'a str>),
    MaybeTexts(Option<&'a [String]>),
    Place(Place),
    Time(i64),
}

impl Arg<'_> {
    fn type_oid(&self) -> pg_sys::Oid {
        match self {
            Self::Id(_) => pg_sys::UUIDOID,
            Self::Ids(_) => pg_sys::UUIDARRAYOID,
            Self::Text(_) | Self::MaybeText(_) => pg_sys::TEXTOID,
            Self::MaybeTexts(_) => pg_sys::TEXTARRAYOID,
            Self::Place(_) => pg_sys::TIDOID,
            Self::Time(_) => pg_sys::TIMESTAMPTZOID,
        }
    }

    fn datum(&self) -> Option<pg_sys::Datum> {
        match self {
            Self::Id(id) => pgrx::Uuid::from_bytes(*id).into_datum(),
            Self::Ids(ids) => uuid_array(ids),
            Self::Text(text) => text.into_datum(),
            Self::MaybeText(text) => text.and_then(IntoDatum::into_datum),
            Self::MaybeTexts(texts) => texts.and_then(|texts| texts.to_vec().into_datum()),
            // Lives as long as the argument, which is longer than the statement.
            Self::Place(place) => Some((&raw const *place).into()),
            Self::Time(time) => Some((*time).into()),
        }
    }
}

/// A uuid[] in one piece: a traversal passes thousands of ids at a time.
fn uuid_array(ids: &[Id]) -> Option<pg_sys::Datum> {
    let elements: Vec<pg_sys::Datum> = ids.iter().map(|id| id.as_ptr().into()).collect();
    // SAFETY: the elements point to 16 bytes each, which construct_array copies; a uuid is 16 bytes, by
    // reference, aligned to char.
    let array = unsafe {
        pg_sys::construct_array(
            elements.as_ptr().cast_mut(),
            i32::try_from(elements.len()).ok()?,
            pg_sys::UUIDOID,
            16,
            false,
            pg_sys::TYPALIGN_CHAR as c_char,
        )
    };
    Some(array.into())
}

thread_local! {
    /// By the address of the text.
    static PLANS: RefCell<HashMap<usize, pg_sys::SPIPlanPtr>> = RefCell::default();
    /// How many pages the tables had when the plans were made.
    static PLANNED_FOR: Cell<u32> = const { Cell::new(0) };
}

/// Connects, for a function's statements. Plans of a table that has since grown to twice its size are
/// forgotten: those for a small one may read all of an index, and nothing tells the plan cache until the
/// table is analyzed. They are not freed, as a statement further up may be running one; there are few.
pub fn connect<T>(f: impl FnOnce() -> T) -> T {
    let pages = pages(c"entities").saturating_add(pages(c"relationships"));
    let planned = PLANNED_FOR.get();
    if pages > planned.saturating_mul(2).saturating_add(8) || pages < planned / 4 {
        PLANS.with_borrow_mut(HashMap::clear);
        PLANNED_FOR.set(pages);
    }
    Spi::connect(|_| f())
}

fn pages(table: &CStr) -> u32 {
    // SAFETY: the names end with NUL; the table is locked while it is looked at, and closed again.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"llmspell".as_ptr(), false);
        let table = pg_sys::relation_open(
            pg_sys::get_relname_relid(table.as_ptr(), schema),
            pg_sys::AccessShareLock as i32,
        );
        let pages = pg_sys::RelationGetNumberOfBlocksInFork(table, pg_sys::ForkNumber::MAIN_FORKNUM);
        pg_sys::relation_close(table, pg_sys::AccessShareLock as i32);
        pages
    }
}

fn plan(text: &'static CStr, args: &[Arg<'_>]) -> pg_sys::SPIPlanPtr {
    let address = text.as_ptr() as usize;
    if let Some(plan) = PLANS.with_borrow(|plans| plans.get(&address).copied()) {
        return plan;
    }
    // A generic plan: custom ones would be made anew for each array of ids.
    let mut types: Vec<pg_sys::Oid> = args.iter().map(Arg::type_oid).collect();
    // SAFETY: called inside `connect`; the text ends with NUL and the types live through the call. A plan that
    // is kept lives as long as the session.
    let plan = unsafe {
        let plan = pg_sys::SPI_prepare_cursor(
            text.as_ptr(),
            types.len() as i32,
            types.as_mut_ptr(),
            pg_sys::CURSOR_OPT_GENERIC_PLAN as i32,
        );
        if plan.is_null() || pg_sys::SPI_keepplan(plan) != 0 {
            error!("cannot prepare: {}", text.to_string_lossy());
        }
        plan
    };
    PLANS.with_borrow_mut(|plans| plans.insert(address, plan));
    plan
}

/// One row of a result.
pub struct Row<'a> {
    values: &'a [pg_sys::Datum],
    nulls: &'a [bool],
}

impl Row<'_> {
    fn get<T: FromDatum>(&self, column: usize) -> Option<T> {
        // SAFETY: the callers ask for the types that their statements select.
        unsafe { T::from_datum(self.values[column], self.nulls[column]) }
    }

    pub fn id(&self, column: usize) -> Option<Id> {
        self.get::<pgrx::Uuid>(column).map(|id| *id.as_bytes())
    }

    pub fn time(&self, column: usize) -> i64 {
        if self.nulls[column] { i64::MIN } else { self.values[column].value() as i64 }
    }

    pub fn text(&self, column: usize) -> String {
        self.maybe_text(column).unwrap_or_default()
    }

    pub fn maybe_text(&self, column: usize) -> Option<String> {
        self.get(column)
    }

    pub fn place(&self, column: usize) -> Option<Place> {
        // SAFETY: the callers ask for it where their statements select a ctid, which is passed by reference.
        (!self.nulls[column]).then(|| unsafe { *self.values[column].cast_mut_ptr::<Place>() })
    }

    /// Whether a system column xmin names the own transaction, its savepoints included.
    pub fn is_own(&self, column: usize) -> bool {
        let xid = pg_sys::TransactionId::from(self.values[column].value() as u32);
        // SAFETY: looks up the state of the current transaction.
        unsafe { pg_sys::TransactionIdIsCurrentTransactionId(xid) }
    }
}

/// Runs a statement; returns what `each` makes of its rows. Inside `connect`.
pub fn rows<T>(
    text: &'static CStr,
    args: &[Arg<'_>],
    sees: Sees,
    mut each: impl FnMut(&Row<'_>) -> T,
) -> Vec<T> {
    execute(text, args, sees);
    // SAFETY: SPI has just filled in both; the table lives until it is freed below, and what `each` returns is its own.
    unsafe {
        let table = pg_sys::SPI_tuptable;
        let Some(result) = table.as_ref() else { return Vec::new() };
        let count = pg_sys::SPI_processed as usize;
        let columns = (*result.tupdesc).natts as usize;
        let mut values = vec![pg_sys::Datum::null(); columns];
        let mut nulls = vec![true; columns];
        let mut found = Vec::with_capacity(count);
        for n in 0..count {
            if n % 4096 == 4095 {
                pgrx::check_for_interrupts!();
            }
            pg_sys::heap_deform_tuple(
                *result.vals.add(n),
                result.tupdesc,
                values.as_mut_ptr(),
                nulls.as_mut_ptr(),
            );
            found.push(each(&Row { values: &values, nulls: &nulls }));
        }
        pg_sys::SPI_freetuptable(table);
        found
    }
}

/// Runs a statement; returns how many rows it touched. Inside `connect`.
pub fn execute(text: &'static CStr, args: &[Arg<'_>], sees: Sees) -> u64 {
    let plan = plan(text, args);
    let datums: Vec<Option<pg_sys::Datum>> = args.iter().map(Arg::datum).collect();
    let mut values: Vec<pg_sys::Datum> = datums.iter().map(|d| d.unwrap_or(pg_sys::Datum::null())).collect();
    let nulls: Vec<c_char> = datums.iter().map(|d| if d.is_some() { b' ' } else { b'n' } as c_char).collect();
    // SAFETY: the plan is kept, and values and nulls are as many as its arguments; errors are raised, not returned.
    unsafe {
        let result = if sees == Sees::Latest {
            let (latest, none) = (pg_sys::GetLatestSnapshot(), std::ptr::null_mut());
            pg_sys::SPI_execute_snapshot(
                plan,
                values.as_mut_ptr(),
                nulls.as_ptr(),
                latest,
                none,
                true,
                false,
                0,
            )
        } else {
            pg_sys::SPI_execute_plan(plan, values.as_mut_ptr(), nulls.as_ptr(), sees == Sees::Query, 0)
        };
        if result < 0 {
            error!("SPI refuses a statement: {result}");
        }
        pg_sys::SPI_processed
    }
}
