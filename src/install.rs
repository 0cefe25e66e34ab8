//! The install script, composed by `build.rs` from `sql/` in the order of `sql/ORDER`.
#![allow(long_running_const_eval)] // pgrx copies the script byte by byte while compiling: a second for half a megabyte

use pgrx::extension_sql_file;

extension_sql_file!("../sql/.generated/install.sql", name = "install", bootstrap);
