//! Decides the way of a search: every row of the tenant, or the index over all tenants.
//!
//! Index hits of other tenants are discarded, so the index costs more the smaller the tenant's share is, and an
//! exact scan costs more the larger it is. The planner knows neither.

/// Rows up to which an exact scan is taken before anything was measured.
pub const EXACT_ROWS: i64 = 2500;

/// Up to this many rows, carrying full rows through the sort is cheaper than fetching the winners again.
pub const FEW_ROWS: i64 = 250;

/// `ef_search` where nothing is known: 0.99 of the 10 nearest of 60,000 sentence embeddings.
pub const EF_SEARCH: i32 = 150;

/// pgvector takes 1 to 1000.
pub const MAX_EF_SEARCH: i32 = 1000;

/// Most neighbours of one search.
pub const MAX_K: i32 = 1000;

/// Neighbours of a search that does not say how many.
pub const DEFAULT_K: i32 = 10;

/// Counting goes on to so many times the rows that are scanned, to know what the exact way would cost.
const COUNT_FACTOR: i64 = 4;

/// Where counting stops at the latest, unless more rows than that are scanned.
const COUNT_ROWS: i64 = 20_000;

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

/// Costs of a space, measured or assumed.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    /// Microseconds of an exact scan for a row.
    pub exact_us: f64,
    /// Microseconds of the index for a candidate.
    pub ann_us: f64,
    pub exact_rows: i64,
    /// `(ef_search, recall)`, ascending.
    pub recalls: Vec<(i32, f64)>,
    /// The assumptions beside the measurements.
    pub floor: Vec<(i32, f64)>,
}

impl Costs {
    /// Before `vector_calibrate`: what 384 dimensions took, scaled by the bytes that a vector has.
    /// The graph must be searched farther the more rows it has, about as the square root of their number.
    pub fn assumed(dims: i32, space_rows: f64) -> Self {
        let width = f64::from(dims) / 384.0;
        let grown = (space_rows / 60_000.0).sqrt() * f64::from(EF_SEARCH);
        let ef = if space_rows > 0.0 { grown.clamp(64.0, 800.0) as i32 } else { EF_SEARCH };
        Self {
            exact_us: 0.6 + 0.8 * width,
            ann_us: 12.0 + 8.0 * width,
            exact_rows: EXACT_ROWS,
            recalls: vec![(ef / 4, 0.9), (ef / 2, 0.95), (ef, 0.99), (2 * ef, 0.995), (4 * ef, 0.998)],
            floor: Vec::new(),
        }
    }

    /// How far rows are counted.
    pub fn count_limit(&self) -> i64 {
        (COUNT_FACTOR * self.exact_rows).min(COUNT_ROWS).max(self.exact_rows) + 1
    }

    /// The same costs with what was measured of recalls. That may raise what is assumed, not lower it: it saw
    /// one tenant and some hundred queries.
    pub fn measured(self, recalls: Vec<(i32, f64)>) -> Self {
        Self { recalls, floor: self.recalls, ..self }
    }

    /// The smallest `ef_search` that reaches a recall, as far as one is known.
    pub fn ef_for(&self, recall: f64) -> i32 {
        let of = |known: &[(i32, f64)]| {
            let found = known.iter().find(|(_, found)| *found >= recall);
            found.or(known.last()).map_or(0, |(ef, _)| *ef)
        };
        match of(&self.recalls).max(of(&self.floor)) {
            0 => EF_SEARCH,
            ef => ef,
        }
    }
}

/// How many rows a search may find: exactly, or more than were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    Exactly(i64),
    MoreThan(i64),
}

impl Rows {
    pub fn at_least(self) -> i64 {
        match self {
            Self::Exactly(n) | Self::MoreThan(n) => n,
        }
    }
}

/// The facts that a decision depends on.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    pub mode: Mode,
    /// Whether the space has an index for nearest neighbours.
    pub indexed: bool,
    /// Unknown where the mode is [`Mode::Exact`], which needs no count.
    pub rows: Option<Rows>,
    /// Rows of the space, of all tenants, estimated.
    pub space_rows: f64,
    pub k: i32,
    /// Given with the call, or set in the session.
    pub ef_search: Option<i32>,
    pub recall: Option<f64>,
    pub costs: &'a Costs,
}

impl Question<'_> {
    /// The rows that an exact scan reads, at least.
    fn counted(&self) -> f64 {
        self.rows.map_or(self.space_rows.max(1.0), |rows| rows.at_least() as f64)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Asked,
    FewRows,
    FullRecall,
    ManyRows,
    NoIndex,
}

impl Why {
    pub fn text(self) -> &'static str {
        match self {
            Self::Asked => "asked for by mode",
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
    /// Where an iterative scan ends.
    pub max_scan_tuples: i64,
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
    if mode == Mode::Auto {
        if question.recall.is_some_and(|recall| recall >= 1.0) {
            return (Route::Exact, Why::FullRecall);
        }
        if let Some(Rows::Exactly(n)) = question.rows
            && n <= costs.exact_rows.max(fetch(question.k))
        {
            return (Route::Exact, Why::FewRows);
        }
    }
    let fetch = fetch(question.k);
    let ef_search = question.ef_search.unwrap_or_else(|| {
        // So that one pass is enough for a tenant that has half of what is near.
        costs.ef_for(question.recall.unwrap_or(0.99)).max((5 * fetch / 2).min(MAX_EF_SEARCH.into()) as i32)
    });
    let route = Route::Ann(Ann {
        ef_search: ef_search.clamp(1, MAX_EF_SEARCH),
        fetch,
        // As long as the exact way would take, and half as long again.
        max_scan_tuples: (1.5 * ELEMENTS * question.counted() * costs.exact_us / costs.ann_us)
            .clamp(5_000.0, 200_000.0) as i64,
    });
    (route, if mode == Mode::Ann { Why::Asked } else { Why::ManyRows })
}

/// How to begin: by one pass, unless it cannot give enough, as `share` tells, which is the share of the
/// tenant's rows among the nearest as the session last saw it.
pub fn begin(question: &Question, ann: Ann, share: Option<f64>) -> Step {
    let expected = share.unwrap_or(1.0) * f64::from(ann.ef_search);
    if expected >= ann.fetch as f64 { Step::Pass } else { go_on(question, ann, share.unwrap_or(0.5)) }
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
    let rows = question.counted();
    let share = (rows / question.space_rows.max(rows).max(1.0)).max(1e-6);
    let ef = question.ef_search.unwrap_or_else(|| question.costs.ef_for(question.recall.unwrap_or(0.99)));
    let candidates = f64::from(ef).max(fetch(question.k) as f64 / share).min(question.space_rows.max(1.0));
    (rows * question.costs.exact_us / 1e3, candidates * question.costs.ann_us / 1e3)
}

/// Rows at which both ways take equally long: rows * exact_us = max(ef, fetch * space_rows / rows) * ann_us.
pub fn break_even(exact_us: f64, ann_us: f64, ef_search: i32, k: i32, space_rows: f64) -> i64 {
    let flat = f64::from(ef_search) * ann_us / exact_us;
    let sloped = (fetch(k) as f64 * space_rows * ann_us / exact_us).sqrt();
    // Above the second the index needs no more than ef_search candidates.
    flat.max(sloped).clamp(500.0, 200_000.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn question(costs: &Costs) -> Question<'_> {
        Question {
            mode: Mode::Auto,
            indexed: true,
            rows: Some(Rows::MoreThan(2500)),
            space_rows: 60_000.0,
            k: 10,
            ef_search: None,
            recall: None,
            costs,
        }
    }

    #[test]
    fn few_rows_are_scanned_and_many_are_not() {
        let costs = Costs::assumed(384, 60_000.0);
        let at = |rows| decide(&Question { rows: Some(rows), ..question(&costs) });
        assert_eq!(at(Rows::Exactly(0)), (Route::Exact, Why::FewRows));
        assert_eq!(at(Rows::Exactly(2500)), (Route::Exact, Why::FewRows));
        let most = Question { rows: Some(Rows::Exactly(3000)), k: 1000, ..question(&costs) };
        assert_eq!(decide(&most), (Route::Exact, Why::FewRows));
        let ann = |max_scan_tuples| Route::Ann(Ann { ef_search: EF_SEARCH, fetch: 30, max_scan_tuples });
        assert_eq!(at(Rows::Exactly(2501)), (ann(5_000), Why::ManyRows));
        assert_eq!(at(Rows::MoreThan(10_000)), (ann(12_599), Why::ManyRows));
    }

    #[test]
    fn what_is_asked_for_is_done() {
        let costs = Costs::assumed(384, 60_000.0);
        let base = question(&costs);
        let exact = Question { mode: Mode::Exact, rows: None, ..base.clone() };
        assert_eq!(decide(&exact), (Route::Exact, Why::Asked));
        let ann = Question { mode: Mode::Ann, rows: Some(Rows::Exactly(1)), ..base.clone() };
        assert!(matches!(decide(&ann), (Route::Ann(_), Why::Asked)));
        assert_eq!(decide(&Question { indexed: false, ..ann }), (Route::Exact, Why::NoIndex));
        let certain = Question { recall: Some(1.0), ..base.clone() };
        assert_eq!(decide(&certain), (Route::Exact, Why::FullRecall));
        let given = Question { ef_search: Some(77), ..base };
        assert!(matches!(decide(&given), (Route::Ann(Ann { ef_search: 77, .. }), _)));
    }

    #[test]
    fn recall_chooses_the_smallest_known_ef() {
        let assumed = Costs::assumed(384, 60_000.0);
        let costs = Costs { recalls: vec![(40, 0.95), (100, 0.991), (200, 0.997)], ..assumed.clone() };
        assert_eq!(costs.ef_for(0.5), 40);
        assert_eq!(costs.ef_for(0.99), 100);
        assert_eq!(costs.ef_for(0.999), 200);
        assert_eq!(Costs { recalls: vec![], ..costs }.ef_for(0.99), EF_SEARCH);
        // A measurement raises what is assumed for the same recall, and does not lower it.
        assert_eq!(assumed.clone().measured(vec![(100, 0.992), (160, 0.996)]).ef_for(0.99), EF_SEARCH);
        assert_eq!(assumed.clone().measured(vec![(200, 0.992)]).ef_for(0.99), 200);
        assert_eq!(assumed.measured(vec![(200, 0.992), (400, 0.999)]).ef_for(0.995), 400);
    }

    #[test]
    fn a_larger_graph_is_searched_farther() {
        let ef = |rows| Costs::assumed(384, rows).ef_for(0.99);
        assert_eq!([0.0, 100.0, 10_000.0, 60_000.0, 1e6, 1e9].map(ef), [150, 64, 64, 150, 612, 800]);
    }

    #[test]
    fn the_share_among_the_nearest_decides_how_to_go_on() {
        let costs = Costs::assumed(384, 60_000.0);
        let known = |rows| Question { rows: Some(rows), ..question(&costs) };
        let ann = Ann { ef_search: 180, fetch: 30, max_scan_tuples: 5_000 };
        let many = known(Rows::MoreThan(10_000));
        assert_eq!(begin(&many, ann, None), Step::Pass);
        assert_eq!(begin(&many, ann, Some(0.5)), Step::Pass);
        assert_eq!(begin(&many, ann, Some(0.1)), Step::Iterative);
        assert_eq!(go_on(&many, ann, 0.1), Step::Iterative);
        // 30 of them would take 20,000 candidates, but only 10,000 rows to be sure.
        assert_eq!(go_on(&many, ann, 0.0015), Step::Exact);
        assert_eq!(go_on(&known(Rows::Exactly(3_000)), ann, 0.1), Step::Exact);
        assert_eq!(go_on(&known(Rows::Exactly(6_000)), ann, 0.1), Step::Iterative);
        assert_eq!(go_on(&Question { mode: Mode::Ann, ..many.clone() }, ann, 0.0), Step::Iterative);
        // One pass cannot give more than it keeps.
        assert_eq!(begin(&many, Ann { ef_search: 20, ..ann }, None), Step::Iterative);
    }

    #[test]
    fn half_precision_says_when_it_is_sure() {
        assert!(halves_are_exact(5, 90, None, None));
        assert!(halves_are_exact(90, 90, Some(0.30), Some(0.31)));
        assert!(!halves_are_exact(90, 90, Some(0.30), Some(0.3005)));
        assert!(!halves_are_exact(90, 90, None, Some(0.31)));
    }

    #[test]
    fn more_lists_are_searched_for_more_recall() {
        assert_eq!(probes(&[], 150), [0i32; 0]);
        assert_eq!(probes(&[250], 150), [100]);
        assert_eq!(probes(&[250], 1000), [250]);
        assert_eq!(probes(&[250], 1), [10]);
        assert_eq!(probes(&[5], 150), [5]);
        assert_eq!(probes(&[100, 10_000], 94), [51, 5007]);
    }

    #[test]
    fn break_even_grows_with_the_space() {
        assert_eq!(break_even(1.4, 20.0, 160, 10, 60_000.0), 5070);
        assert!(break_even(1.4, 20.0, 160, 10, 1e6) > break_even(1.4, 20.0, 160, 10, 1e5));
    }

    proptest! {
        #[test]
        fn every_question_has_an_answer_within_bounds(
            rows in 0i64..1_000_000, more in any::<bool>(), space_rows in -1f64..1e9, k in 1i32..=MAX_K,
            ef in proptest::option::of(-5i32..5000), recall in proptest::option::of(0f64..=1.0), indexed in any::<bool>(),
            share in proptest::option::of(0f64..=1.0),
        ) {
            let costs = Costs::assumed(768, space_rows);
            let rows = Some(if more { Rows::MoreThan(rows) } else { Rows::Exactly(rows) });
            let asked = Question { rows, space_rows, k, ef_search: ef, recall, indexed, ..question(&costs) };
            if let (Route::Ann(ann), _) = decide(&asked) {
                prop_assert!((1..=MAX_EF_SEARCH).contains(&ann.ef_search));
                prop_assert!(ann.fetch >= i64::from(k));
                prop_assert!((5_000..=200_000).contains(&ann.max_scan_tuples));
                prop_assert!(begin(&asked, ann, share) != Step::Pass || i64::from(ann.ef_search) >= ann.fetch);
            }
            let (exact, ann) = estimate(&asked);
            prop_assert!(exact.is_finite() && ann.is_finite());
        }
    }
}
