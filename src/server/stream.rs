//! A SELECT whose rows are looked at one by one, as they lie in their pages: no copy is made of any.
#![allow(unsafe_code)] // SPI

use std::rc::Rc;

use pgrx::prelude::*;

use super::nest::Settings;
use super::plans::{self, Plan};
use super::spi::{Arg, Connection, Row, Sql};

/// The receiver of the rows; the server knows the head only.
#[repr(C)]
struct Receiver<'f> {
    head: pg_sys::DestReceiver,
    row: Option<Row<'static>>,
    each: &'f mut dyn FnMut(&Row<'_>),
}

#[pg_guard]
unsafe extern "C-unwind" fn start(
    receiver: *mut pg_sys::DestReceiver,
    _operation: i32,
    columns: pg_sys::TupleDesc,
) {
    // SAFETY: the receiver is the one below, and the description lives as long as the query.
    unsafe { (*receiver.cast::<Receiver<'_>>()).row = Some(Row::of(columns)) };
}

#[pg_guard]
unsafe extern "C-unwind" fn receive(
    slot: *mut pg_sys::TupleTableSlot,
    receiver: *mut pg_sys::DestReceiver,
) -> bool {
    // SAFETY: the receiver is the one below; the slot has as many columns as the description of its rows.
    unsafe {
        let Receiver { row, each, .. } = &mut *receiver.cast::<Receiver<'_>>();
        if let Some(row) = row {
            let columns = row.len();
            if ((*slot).tts_nvalid as usize) < columns {
                pg_sys::slot_getsomeattrs_int(slot, columns as i32);
            }
            row.fill((*slot).tts_values, (*slot).tts_isnull);
            each(row);
        }
    }
    true
}

#[pg_guard]
unsafe extern "C-unwind" fn end(_receiver: *mut pg_sys::DestReceiver) {}

impl Connection {
    /// Runs a SELECT under settings for the planner alone, see [`Connection::kept_planned`]. The values of a row live
    /// while `each` looks at it.
    pub fn each_planned<'a>(
        &self,
        sql: impl Into<Sql<'a>>,
        args: &[Arg<'_>],
        settings: impl FnOnce() -> Settings,
        mut each: impl FnMut(&Row<'_>),
    ) {
        let plan: Rc<Plan> = plans::get(sql.into(), args, self.pages());
        plans::run(&plan, settings, || {
            let head = pg_sys::DestReceiver {
                receiveSlot: Some(receive),
                rStartup: Some(start),
                rShutdown: Some(end),
                rDestroy: Some(end),
                mydest: pg_sys::CommandDest::DestNone,
            };
            let mut receiver = Receiver { head, row: None, each: &mut each };
            // SAFETY: the plan is kept while it is held, and was prepared with as many parameters of these types; the
            // receiver outlives the call; errors are raised from within.
            let code = unsafe {
                let parameters = pg_sys::makeParamList(args.len() as i32);
                let list = (*parameters).params.as_mut_ptr();
                // bounded: the parameters of a statement.
                for (n, arg) in args.iter().enumerate() {
                    let value = arg.datum().map(pgrx::datum::Datum::sans_lifetime);
                    *list.add(n) = pg_sys::ParamExternData {
                        isnull: value.is_none(),
                        value: value.unwrap_or(pg_sys::Datum::null()),
                        pflags: pg_sys::PARAM_FLAG_CONST as u16,
                        ptype: arg.oid(),
                    };
                }
                let mut options: pg_sys::SPIExecuteOptions = std::mem::zeroed();
                options.params = parameters;
                options.read_only = true;
                options.dest = (&raw mut receiver).cast();
                pg_sys::SPI_execute_plan_extended(plan.pointer, &raw const options)
            };
            if code < 0 {
                error!("SPI refuses a statement: {code}");
            }
        });
    }
}
