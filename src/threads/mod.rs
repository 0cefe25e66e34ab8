//! Values of channels, each stored beside a former version of the same channel.

mod chain;
mod damage;
mod memo;
mod refusal;
mod sql;
mod store;
