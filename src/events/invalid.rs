//! Errors of the arguments of functions on events.

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("the system has no random bytes")]
    NoRandom,
    #[error("an event must have a finite time")]
    Time,
}
