//! What is wrong with the arguments of a search.

use std::fmt;

use super::halves;
use super::length::LENGTHS;
use super::route::{MAX_EF_SEARCH, MAX_K};

#[derive(Debug, Clone, PartialEq)]
pub enum Invalid {
    EfSearch(i32),
    Filter(&'static str),
    Halves(halves::Invalid),
    K(i32),
    Lambda(f64),
    Length(f64),
    MaxDistance,
    Mode(String),
    Recall(f64),
    Zero,
}

impl Invalid {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Filter(_) => {
                Some("Give what the metadata must contain, for instance {\"kind\": \"note\"}.")
            }
            Self::K(k) if *k > MAX_K => {
                Some("Ask for fewer, and narrow the search by scope, filter or time.")
            }
            Self::Mode(_) => Some("Use auto, exact or ann."),
            Self::Zero => Some("The model gave nothing for this text: search by words instead."),
            _ => None,
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EfSearch(ef) => write!(f, "ef_search must be between 1 and {MAX_EF_SEARCH}, got {ef}"),
            Self::Filter(found) => write!(f, "filter must be a JSON object, not {found}"),
            Self::Halves(reason) => reason.fmt(f),
            Self::K(k) => write!(f, "k must be between 1 and {MAX_K}, got {k}"),
            Self::Lambda(lambda) => write!(f, "mmr_lambda must be between 0 and 1, got {lambda}"),
            Self::Length(length) => {
                write!(f, "a vector must be at most {:e} long, this one is {length:e}", LENGTHS.end())
            }
            Self::MaxDistance => f.write_str("max_distance must be a number, got NaN"),
            Self::Mode(mode) => write!(f, "unknown mode \"{}\"", mode.chars().take(60).collect::<String>()),
            Self::Recall(recall) => write!(f, "recall must be above 0 and at most 1, got {recall}"),
            Self::Zero => f.write_str("a vector of zeros has no direction"),
        }
    }
}
