//! Decides the way of a search: every row of the tenant, or the index over all tenants.
//!
//! Index hits of other tenants are discarded, so the index costs more the smaller the tenant's share is, and an
//! exact scan costs more the larger it is. The planner knows neither.

use super::costs::{Costs, MARGIN};

/// Up to this many rows, carrying full rows through the sort is cheaper than fetching the winners again.
pub const FEW_ROWS: i64 = 250;

/// pgvector takes 1 to 1000.
pub const MAX_EF_SEARCH: i32 = 1000;

/// The recall of a search that names none.
const RECALL: f64 = 0.99;

/// Most neighbours of one search.
pub const MAX_K: i32 = 1000;

/// Most queries of one call.
pub const MAX_QUERIES: usize = 1000;

/// Neighbours of a search that does not say how many.
pub const DEFAULT_K: i32 = 10;

/// Elements of the graph that are visited for each candidate that a search keeps.
const ELEMENTS: f64 = 12.0;

/// The way that the caller asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Auto,
    Exact,
    Ann,
}

impl Mode {
    pub fn parse(mode: &str) -> Option<Self> {
        match mode {
            "auto" => Some(Self::Auto),
            "exact" => Some(Self::Exact),
            "ann" => Some(Self::Ann),
            _ => None,
        }
    }
}

/// How many rows a search may find: counted, or estimated where they are more than are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    Exactly(i64),
    About(i64),
}

impl Rows {
    pub fn number(self) -> i64 {
        match self {
            Self::Exactly(n) | Self::About(n) => n,
        }
    }
}

/// Rows by a sample, where more than `counted` are known to be there.
pub fn sampled(hits: i64, share: i64, counted: i64) -> Rows {
    Rows::About(((hits as f64 * 1e8 / share.max(1) as f64) as i64).max(counted))
}

/// The facts that a decision depends on.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    pub mode: Mode,
    /// Whether the space has an index for nearest neighbours.
    pub indexed: bool,
    /// Unknown where the mode is [`Mode::Exact`], which needs no count.
    pub rows: Option<Rows>,
    /// Rows of the index, estimated: those of all tenants, or of the tenant alone where it has one of its own.
    pub index_rows: f64,
    /// Whether the tenant has an index of its own.
    pub own: bool,
    /// Whether an index gives distances as they are, not those of half the precision.
    pub precise: bool,
    /// The share of the tenant's rows among the nearest, as the session last saw it.
    pub seen: Option<f64>,
    pub k: i32,
    /// Given with the call, or set in the session.
    pub ef_search: Option<i32>,
    pub recall: Option<f64>,
    pub costs: &'a Costs,
}

impl Question<'_> {
    /// The rows that an exact scan reads.
    fn counted(&self) -> f64 {
        self.rows.map_or(self.index_rows.max(1.0), |rows| rows.number() as f64)
    }

    /// The share of the tenant's rows in the index, as far as it is known.
    pub fn share(&self) -> f64 {
        self.rows.map_or(1.0, |rows| {
            let rows = (rows.number() as f64).max(1.0);
            rows / self.index_rows.max(rows)
        })
    }

    /// Candidates among which enough rows of the tenant are expected, as many as the recall takes at least.
    fn candidates(&self) -> f64 {
        let recall = self.recall.unwrap_or(RECALL);
        let share = self.share();
        let least = match self.own {
            true => self.costs.own_ef(self.index_rows.max(1.0), recall, share),
            false => self.costs.ef_for(recall, if self.rows.is_some() { share } else { 0.0 }),
        };
        f64::from(least).max(MARGIN * f64::from(self.k) / self.seen.unwrap_or(share).max(1e-6))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Asked,
    Cheaper,
    FewRows,
    FullRecall,
    ManyRows,
    NoIndex,
}

impl Why {
    pub fn text(self) -> &'static str {
        match self {
            Self::Asked => "asked for by mode",
            Self::Cheaper => "the index would have to pass over too many rows of others",
            Self::FewRows => "few enough rows to look at each",
            Self::FullRecall => "nothing less has a recall of 1",
            Self::ManyRows => "more rows than an exact scan is good for",
            Self::NoIndex => "the space has no index for nearest neighbours",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Exact,
    Ann(Ann),
}

/// A search of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ann {
    pub ef_search: i32,
    /// Candidates wanted.
    pub fetch: i64,
    /// Candidates that are enough.
    pub enough: i64,
    /// Where an iterative scan ends.
    pub max_scan_tuples: i64,
    /// The index holds what is searched and nothing else, so that its first pass gives the nearest in their order.
    pub is_whole: bool,
}

/// The next step, where the index may have to be searched in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// One pass, the cheapest, for tenants that have enough of what is nearest.
    Pass,
    /// Pass after pass.
    Iterative,
    Exact,
}

/// Decides.
pub fn decide(question: &Question) -> (Route, Why) {
    let (mode, costs) = (question.mode, question.costs);
    if mode == Mode::Exact {
        return (Route::Exact, Why::Asked);
    }
    if !question.indexed {
        return (Route::Exact, Why::NoIndex);
    }
    let is_whole = question.own && question.precise && question.share() >= 1.0;
    let fetch = if is_whole { question.k.into() } else { fetch(question.k) };
    let candidates = question.ef_search.map_or_else(|| question.candidates(), f64::from);
    if mode == Mode::Auto {
        if question.recall.is_some_and(|recall| recall >= 1.0) {
            return (Route::Exact, Why::FullRecall);
        }
        let few = if question.own { fetch } else { costs.exact_rows.max(fetch) };
        if matches!(question.rows, Some(Rows::Exactly(n)) if n <= few) {
            return (Route::Exact, Why::FewRows);
        }
        if question.ef_search.is_none() && question.counted() * costs.exact_us <= candidates * costs.ann_us {
            return (Route::Exact, Why::Cheaper);
        }
    }
    let route = Route::Ann(Ann {
        ef_search: candidates.clamp(1.0, MAX_EF_SEARCH.into()) as i32,
        fetch,
        enough: if is_whole { fetch } else { 2 * i64::from(question.k) },
        // As long as the exact way would take, and half as long again.
        max_scan_tuples: (1.5 * ELEMENTS * question.counted() * costs.exact_us / costs.ann_us)
            .clamp(5_000.0, 200_000.0) as i64,
        is_whole,
    });
    (route, if mode == Mode::Ann { Why::Asked } else { Why::ManyRows })
}

/// How to begin: by one pass, unless it cannot give enough.
pub fn begin(question: &Question, ann: Ann) -> Step {
    let share = question.seen.unwrap_or(question.share());
    if share * f64::from(ann.ef_search) >= ann.enough as f64 {
        Step::Pass
    } else {
        go_on(question, ann, share)
    }
}

/// The share of the tenant's rows in a pass; at least so much where it gave all that were wanted.
pub fn share_of(ann: Ann, candidates: i64) -> f64 {
    if ann.is_whole && candidates >= ann.fetch {
        return 1.0;
    }
    candidates as f64 / f64::from(ann.ef_search.max(1))
}

/// How to go on where one pass gave too few: an iterative scan costs the more the smaller the share is.
pub fn go_on(question: &Question, ann: Ann, share: f64) -> Step {
    let least = 0.5 / f64::from(ann.ef_search.max(1));
    let iterative = ann.fetch as f64 / share.max(least) * question.costs.ann_us;
    if question.mode == Mode::Auto && iterative > question.counted() * question.costs.exact_us {
        Step::Exact
    } else {
        Step::Iterative
    }
}

/// How many candidates are taken from an index to find `k`: what it gives first is not always what is nearest,
/// least where the tenant's rows are few around the query. Where they are many, more cost nothing.
pub fn fetch(k: i32) -> i64 {
    3 * i64::from(k)
}

/// How many lists of each level of an index of VectorChord are searched: the share grows with `ef_search`, at which
/// a graph would find as much, and is split evenly among the levels; ten at least.
pub fn probes(lists: &[i32], ef_search: i32) -> Vec<i32> {
    let share = (f64::from(ef_search) / 375.0).clamp(0.0, 1.0).powf(1.0 / lists.len().max(1) as f64);
    lists.iter().map(|n| ((f64::from(*n) * share).ceil() as i32).max(10).min(*n)).collect()
}

/// Candidates of a scan of half the precision, which is cheap to make long.
pub fn fetch_halves(k: i32) -> i64 {
    4 * i64::from(k) + 50
}

/// Half the precision moves a cosine of two vectors of length 1 by at most 2^-11 for each; twice that, so
/// that rounding on the way has room.
pub const HALF_ERROR: f64 = 2e-3;

/// Whether the `k`-th distance, exact, lies before all rows that a scan of half the precision left out.
pub fn halves_are_exact(candidates: i64, fetch: i64, kth: Option<f64>, farthest: Option<f64>) -> bool {
    candidates < fetch
        || matches!((kth, farthest), (Some(kth), Some(farthest)) if kth + HALF_ERROR <= farthest)
}

/// Milliseconds that either way would take, by the cost model: `(exact, ann)`.
pub fn estimate(question: &Question) -> (f64, f64) {
    let candidates = question.ef_search.map_or_else(|| question.candidates(), f64::from);
    let most = question.index_rows.max(question.counted());
    (question.counted() * question.costs.exact_us / 1e3, candidates.min(most) * question.costs.ann_us / 1e3)
}

/// Milliseconds of a search of a tenant of so many rows, through what all tenants share or by every row, and through
/// an index of its own: `(shared, own)`.
pub fn tenant_costs(costs: &Costs, rows: i64, space_rows: f64) -> (f64, f64) {
    let shared = Question {
        mode: Mode::Auto,
        indexed: true,
        rows: Some(Rows::About(rows)),
        index_rows: space_rows,
        own: false,
        precise: true,
        seen: None,
        k: DEFAULT_K,
        ef_search: None,
        recall: None,
        costs,
    };
    let cheapest = |question: &Question| {
        let (exact, ann) = estimate(question);
        exact.min(ann)
    };
    (cheapest(&shared), cheapest(&Question { index_rows: rows as f64, own: true, ..shared.clone() }))
}

#[cfg(test)]
mod tests;
