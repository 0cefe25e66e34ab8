//! Statements over SPI, by plans that the session keeps.
#![allow(unsafe_code)] // SPI

use std::cell::Cell;
use std::ffi::{CStr, c_char};
use std::marker::PhantomData;

use pgrx::datum::{Datum, DatumWithOid};
use pgrx::prelude::*;

use super::catalog;
use super::nest::Settings;
use super::plans::{self, Plan};
use super::varlena::Detoasted;
use crate::interrupts::polled;

/// The snapshot of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// The snapshot of the calling query: one for all statements of a read.
    Query,
    /// All that is committed by now, also in a transaction that keeps its first snapshot.
    Latest,
    /// As any statement that writes.
    Write,
}

/// The text of a statement.
#[derive(Clone, Copy)]
pub enum Sql<'a> {
    /// Told from others by its address.
    Fixed(&'static CStr),
    /// Holds nothing of a user's but what is quoted.
    Made(&'a str),
}

impl From<&'static CStr> for Sql<'_> {
    fn from(text: &'static CStr) -> Self {
        Self::Fixed(text)
    }
}

impl<'a> From<&'a str> for Sql<'a> {
    fn from(text: &'a str) -> Self {
        Self::Made(text)
    }
}

/// An argument; `into()` makes one of any value that pgrx converts.
pub type Arg<'a> = DatumWithOid<'a>;

/// Where a row lies: a `ctid`.
pub type Place = pg_sys::ItemPointerData;

/// A `tid`.
pub fn place(place: &Place) -> Arg<'_> {
    // SAFETY: a tid is passed by reference, and lives as long as the argument.
    unsafe { typed(pg_sys::TIDOID, Some((&raw const *place).into())) }
}

/// A `uuid`, by its bits.
pub fn id(id: [u8; 16]) -> Arg<'static> {
    pgrx::Uuid::from_bytes(id).into()
}

/// A `timestamptz`.
pub fn time(time: i64) -> Arg<'static> {
    // SAFETY: a timestamptz is passed by value, as 64 bits.
    unsafe { typed(pg_sys::TIMESTAMPTZOID, Some(time.into())) }
}

/// A `uuid[]` in one piece: a traversal passes thousands of ids at a time.
pub fn ids(ids: &[[u8; 16]]) -> Arg<'static> {
    let elements: Vec<pg_sys::Datum> = ids.iter().map(|id| id.as_ptr().into()).collect();
    // SAFETY: the elements point to 16 bytes each, which construct_array copies; a uuid is 16 bytes, by
    // reference, aligned to char.
    unsafe {
        let array = pg_sys::construct_array(
            elements.as_ptr().cast_mut(),
            elements.len() as i32,
            pg_sys::UUIDOID,
            16,
            false,
            pg_sys::TYPALIGN_CHAR as c_char,
        );
        typed(pg_sys::UUIDARRAYOID, Some(array.into()))
    }
}

/// A value as it came from the server.
///
/// # Safety
/// The datum is of the type, and lives as long as the argument.
pub unsafe fn typed<'a>(oid: pg_sys::Oid, datum: Option<pg_sys::Datum>) -> Arg<'a> {
    // SAFETY: as the caller says; by way of 64 bits, as pgrx makes an argument of none but its own types.
    unsafe { Arg::new(datum.map(|datum| datum.value() as i64), oid) }
}

/// A connection to SPI, for the statements of one call.
pub struct Connection {
    /// How many pages the tables have that its statements depend on.
    pages: u32,
    not_send: PhantomData<*const ()>,
}

pub fn connect<T>(f: impl FnOnce(&Connection) -> T) -> T {
    connect_to(&[], f)
}

/// Plans that were made while these tables were less than half as large are made anew.
pub fn connect_to<T>(tables: &[&CStr], f: impl FnOnce(&Connection) -> T) -> T {
    let pages = tables.iter().map(|table| catalog::pages(table)).fold(0, u32::saturating_add);
    Spi::connect(|_| f(&Connection { pages, not_send: PhantomData }))
}

impl Connection {
    pub(super) fn pages(&self) -> u32 {
        self.pages
    }

    /// Runs a statement; returns how many rows it touched.
    pub fn execute<'a>(&self, sql: impl Into<Sql<'a>>, args: &[Arg<'_>], sees: Sees) -> u64 {
        let result = Done::of(&plans::get(sql.into(), args, self.pages), args, sees);
        let rows = result.rows;
        result.free();
        rows as u64
    }

    /// Runs a statement; returns what `each` makes of its rows.
    pub fn rows<'a, T>(
        &self,
        sql: impl Into<Sql<'a>>,
        args: &[Arg<'_>],
        sees: Sees,
        each: impl FnMut(&Row<'_>) -> T,
    ) -> Vec<T> {
        let result = Done::of(&plans::get(sql.into(), args, self.pages), args, sees);
        let found = result.visit(each);
        result.free();
        found
    }

    /// The rows of a SELECT as [`Sees::Query`], with settings for the planner alone.
    pub fn rows_planned<'a, T>(
        &self,
        sql: impl Into<Sql<'a>>,
        args: &[Arg<'_>],
        settings: impl FnOnce() -> Settings,
        each: impl FnMut(&Row<'_>) -> T,
    ) -> Vec<T> {
        let plan = plans::get(sql.into(), args, self.pages);
        let result = plans::run(&plan, settings, || Done::of(&plan, args, Sees::Query));
        let found = result.visit(each);
        result.free();
        found
    }

    /// Begins to read the rows of such a SELECT, some at a time.
    pub fn open_planned<'c, 'a>(
        &'c self,
        sql: impl Into<Sql<'a>>,
        args: &[Arg<'_>],
        settings: impl FnOnce() -> Settings,
    ) -> Cursor<'c> {
        let plan = plans::get(sql.into(), args, self.pages);
        plans::run(&plan, settings, || Self::cursor(&plan, args))
    }

    fn cursor<'c>(plan: &Plan, args: &[Arg<'_>]) -> Cursor<'c> {
        let (mut values, nulls) = parameters(args);
        // SAFETY: as in `Done::of`; the portal copies the values and holds the server's own plan. It gets a name of
        // its own.
        let portal = unsafe {
            pg_sys::SPI_cursor_open(std::ptr::null(), plan.pointer, values.as_mut_ptr(), nulls.as_ptr(), true)
        };
        Cursor { portal, is_over: false, life: PhantomData }
    }

    /// The first row.
    pub fn row<'a, T>(
        &self,
        sql: impl Into<Sql<'a>>,
        args: &[Arg<'_>],
        sees: Sees,
        each: impl FnMut(&Row<'_>) -> T,
    ) -> Option<T> {
        self.rows(sql, args, sees, each).into_iter().next()
    }

    /// Runs a SELECT whose values live as long as the connection.
    pub fn kept<'c, 'a, T>(
        &'c self,
        sql: impl Into<Sql<'a>>,
        args: &[Arg<'_>],
        each: impl FnMut(&Row<'c>) -> T,
    ) -> Vec<T> {
        Done::of(&plans::get(sql.into(), args, self.pages), args, Sees::Query).visit(each)
    }

    /// The same, with settings for the planner alone: while a plan is kept they would cost more than finding
    /// a few rows.
    pub fn kept_planned<'c, 'a, T>(
        &'c self,
        sql: impl Into<Sql<'a>>,
        args: &[Arg<'_>],
        settings: impl FnOnce() -> Settings,
        each: impl FnMut(&Row<'c>) -> T,
    ) -> Vec<T> {
        let plan = plans::get(sql.into(), args, self.pages);
        plans::run(&plan, settings, || Done::of(&plan, args, Sees::Query)).visit(each)
    }
}

/// A SELECT whose rows are read some at a time, so that no more of them are in memory.
pub struct Cursor<'c> {
    portal: pg_sys::Portal,
    is_over: bool,
    life: PhantomData<&'c Connection>,
}

impl Cursor<'_> {
    /// What `each` makes of at most so many of the rows that are left.
    pub fn fetch<T>(&mut self, max_rows: usize, each: impl FnMut(&Row<'_>) -> T) -> Vec<T> {
        // SAFETY: the portal is open until self is dropped; errors are raised from within.
        let result = unsafe {
            pg_sys::SPI_cursor_fetch(self.portal, true, max_rows as std::ffi::c_long);
            Done { table: pg_sys::SPI_tuptable, rows: pg_sys::SPI_processed as usize }
        };
        self.is_over = result.rows < max_rows;
        let found = result.visit(each);
        result.free();
        found
    }

    /// Whether the last rows were fetched.
    pub fn is_over(&self) -> bool {
        self.is_over
    }
}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        // After an error the transaction's end does it.
        if !std::thread::panicking() {
            // SAFETY: opened by this connection, which is not over yet, and closed once.
            unsafe { pg_sys::SPI_cursor_close(self.portal) };
        }
    }
}

/// Arguments as SPI takes them.
fn parameters(args: &[Arg<'_>]) -> (Vec<pg_sys::Datum>, Vec<c_char>) {
    let null = |datum: Option<Datum<'_>>| if datum.is_some() { b' ' } else { b'n' } as c_char;
    let value = |datum: Option<Datum<'_>>| datum.map_or(pg_sys::Datum::null(), Datum::sans_lifetime);
    args.iter().map(|arg| (value(arg.datum()), null(arg.datum()))).unzip()
}

/// The result of a statement: its rows live until the connection ends, or are freed.
struct Done {
    table: *mut pg_sys::SPITupleTable,
    rows: usize,
}

impl Done {
    /// Inside a connection.
    fn of(plan: &Plan, args: &[Arg<'_>], sees: Sees) -> Self {
        let (mut values, nulls) = parameters(args);
        // SAFETY: the plan is kept while it is held, and was prepared with as many parameters of these types;
        // errors are raised from within. SPI_tuptable is null after a statement without rows to return.
        unsafe {
            let code = if sees == Sees::Latest {
                let (latest, none) = (pg_sys::GetLatestSnapshot(), std::ptr::null_mut());
                pg_sys::SPI_execute_snapshot(
                    plan.pointer,
                    values.as_mut_ptr(),
                    nulls.as_ptr(),
                    latest,
                    none,
                    true,
                    false,
                    0,
                )
            } else {
                let read_only = sees == Sees::Query;
                pg_sys::SPI_execute_plan(plan.pointer, values.as_mut_ptr(), nulls.as_ptr(), read_only, 0)
            };
            if code < 0 {
                error!("SPI refuses a statement: {code}");
            }
            Self { table: pg_sys::SPI_tuptable, rows: pg_sys::SPI_processed as usize }
        }
    }

    fn visit<'c, T>(&self, mut each: impl FnMut(&Row<'c>) -> T) -> Vec<T> {
        // SAFETY: the table is that of this result, which is not freed yet.
        let Some(table) = (unsafe { self.table.as_ref() }) else { return Vec::new() };
        // SAFETY: a table has a description of its rows.
        let mut row = unsafe { Row::of(table.tupdesc) };
        let mut found = Vec::with_capacity(self.rows);
        for n in polled(0..self.rows) {
            // SAFETY: the table has as many rows as were processed, and the buffers as many places as columns.
            unsafe {
                let tuple = *table.vals.add(n);
                pg_sys::heap_deform_tuple(
                    tuple,
                    table.tupdesc,
                    row.values.as_mut_ptr(),
                    row.nulls.as_mut_ptr(),
                );
            }
            found.push(each(&row));
        }
        found
    }

    fn free(self) {
        if !self.table.is_null() {
            // SAFETY: the table belongs to the connection, and nothing of it is used any more.
            unsafe { pg_sys::SPI_freetuptable(self.table) };
        }
    }
}

/// A value of a row.
#[derive(Clone, Copy)]
pub struct Value<'c> {
    datum: pg_sys::Datum,
    life: PhantomData<&'c ()>,
}

impl Value<'_> {
    /// It lives no longer than self.
    pub fn datum(self) -> pg_sys::Datum {
        self.datum
    }
}

/// A type whose values hold all that they are made of, so that they outlive the row.
pub trait Owned: FromDatum + IntoDatum {}

impl Owned for bool {}
impl Owned for i16 {}
impl Owned for i32 {}
impl Owned for i64 {}
impl Owned for f64 {}
impl Owned for pg_sys::Oid {}
impl Owned for String {}
impl Owned for TimestampWithTimeZone {}
impl Owned for pgrx::Uuid {}
impl Owned for Vec<i32> {}
impl Owned for Vec<f64> {}
impl Owned for Vec<Option<String>> {}

/// A row of a result. Columns count from 0.
pub struct Row<'c> {
    columns: pg_sys::TupleDesc,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
    /// The columns whose types were compared, a bit for each of the first 64.
    checked: Cell<u64>,
    life: PhantomData<&'c ()>,
}

impl<'c> Row<'c> {
    /// An empty row.
    ///
    /// # Safety
    /// The description lives as long as the row.
    pub(super) unsafe fn of(columns: pg_sys::TupleDesc) -> Self {
        // SAFETY: as the caller says.
        let count = unsafe { (*columns).natts } as usize;
        Self {
            columns,
            values: vec![pg_sys::Datum::null(); count],
            nulls: vec![true; count],
            checked: Cell::new(0),
            life: PhantomData,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// # Safety
    /// As many values as the row has columns, of their types, that live as long as they are asked for.
    pub(super) unsafe fn fill(&mut self, values: *const pg_sys::Datum, nulls: *const bool) {
        let count = self.len();
        // SAFETY: as the caller says.
        unsafe {
            self.values.copy_from_slice(std::slice::from_raw_parts(values, count));
            self.nulls.copy_from_slice(std::slice::from_raw_parts(nulls, count));
        }
    }

    pub fn get<T: Owned>(&self, column: usize) -> Option<T> {
        self.read(column)
    }

    fn read<'a, T: FromDatum + IntoDatum + 'a>(&'a self, column: usize) -> Option<T> {
        if self.nulls[column] {
            return None;
        }
        self.check(column, T::is_compatible_with);
        // SAFETY: the column has the type.
        unsafe { T::from_datum(self.values[column], false) }
    }

    /// A text where it lies.
    pub fn str(&self, column: usize) -> Option<&str> {
        self.read(column)
    }

    /// A text, or an empty one where it is null.
    pub fn text(&self, column: usize) -> String {
        self.get(column).unwrap_or_default()
    }

    /// The bits of a uuid.
    pub fn id(&self, column: usize) -> Option<[u8; 16]> {
        self.get::<pgrx::Uuid>(column).map(|id| *id.as_bytes())
    }

    /// A timestamptz; the least value where it is null.
    pub fn time(&self, column: usize) -> i64 {
        if self.nulls[column] {
            return i64::MIN;
        }
        self.check(column, |oid| oid == pg_sys::TIMESTAMPTZOID);
        self.values[column].value() as i64
    }

    /// A ctid.
    pub fn place(&self, column: usize) -> Option<Place> {
        if self.nulls[column] {
            return None;
        }
        self.check(column, |oid| oid == pg_sys::TIDOID);
        // SAFETY: a tid is passed by reference.
        Some(unsafe { *self.values[column].cast_mut_ptr::<Place>() })
    }

    /// The bytes of a bytea, a text or a tsvector.
    pub fn bytes(&self, column: usize) -> Option<Detoasted<'_>> {
        if self.nulls[column] {
            return None;
        }
        self.check(column, |oid| [pg_sys::BYTEAOID, pg_sys::TEXTOID, pg_sys::TSVECTOROID].contains(&oid));
        // SAFETY: of variable length; it lives as long as the row.
        Some(unsafe { Detoasted::new(self.values[column]) })
    }

    /// Whether a system column xmin names the own transaction, its savepoints included.
    pub fn is_own(&self, column: usize) -> bool {
        self.check(column, |oid| oid == pg_sys::XIDOID);
        let xid = pg_sys::TransactionId::from(self.values[column].value() as u32);
        // SAFETY: looks up the state of the current transaction.
        unsafe { pg_sys::TransactionIdIsCurrentTransactionId(xid) }
    }

    /// A value to be handed on, of whatever type.
    pub fn value(&self, column: usize) -> Option<Value<'c>> {
        (!self.nulls[column]).then(|| Value { datum: self.values[column], life: PhantomData })
    }

    /// Raises where a column has not the type that is asked for, once for each result.
    fn check(&self, column: usize, is_right: impl Fn(pg_sys::Oid) -> bool) {
        let bit = 1u64.checked_shl(column as u32).unwrap_or(0);
        if self.checked.get() & bit != 0 {
            return;
        }
        // SAFETY: the description has as many columns as the row, which was indexed already.
        let oid = unsafe { pg_sys::SPI_gettypeid(self.columns, column as i32 + 1) };
        if !is_right(oid) {
            error!("column {} of a result has the type {}", column + 1, oid.to_u32());
        }
        self.checked.set(self.checked.get() | bit);
    }
}
