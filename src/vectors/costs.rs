//! Costs of searches of a space: measured by `vector_calibrate`, or assumed.

/// Rows up to which an exact scan is taken before anything was measured.
pub const EXACT_ROWS: i64 = 2500;

/// `ef_search` where nothing is known: 0.99 of the 10 nearest of 60,000 sentence embeddings.
pub const EF_SEARCH: i32 = 150;

/// How many of the tenant's rows a first pass through the index should meet for each neighbour that is wanted.
pub const MARGIN: f64 = 3.0;

/// Counting goes on to so many times the rows that are scanned, to know what the exact way would cost.
const COUNT_FACTOR: i64 = 4;

/// Where counting stops at the latest, unless more rows than that are scanned.
const COUNT_ROWS: i64 = 20_000;

/// Rows that a sample looks at to learn how many of them are the tenant's.
const SAMPLE_ROWS: f64 = 4000.0;

/// Costs of a space, measured or assumed.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    pub dims: i32,
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
    /// The graph must be searched farther the more rows it has, about as the square root of their number; from the
    /// 60,000 on that were measured it takes little more, as neighbours lie denser.
    pub fn assumed(dims: i32, space_rows: f64) -> Self {
        let width = f64::from(dims) / 384.0;
        let size = space_rows / 60_000.0;
        let grown = size.powf(if size < 1.0 { 0.5 } else { 0.15 }) * f64::from(EF_SEARCH);
        let ef = if space_rows > 0.0 { grown.clamp(64.0, 800.0) as i32 } else { EF_SEARCH };
        Self {
            dims,
            exact_us: 0.6 + 0.8 * width,
            ann_us: 12.0 + 8.0 * width,
            exact_rows: EXACT_ROWS,
            recalls: vec![(ef / 4, 0.9), (ef / 2, 0.95), (ef, 0.99), (2 * ef, 0.995), (4 * ef, 0.998)],
            floor: Vec::new(),
        }
    }

    /// The `ef_search` of a graph of so many rows, the tenant's own, among which it searches for a share.
    pub fn own_ef(&self, rows: f64, recall: f64, share: f64) -> i32 {
        Self::assumed(self.dims, rows).ef_for(recall, share)
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

    /// The smallest `ef_search` that reaches a recall, as far as one is known. What is assumed holds for a tenant of few
    /// rows; one that has a larger share of them needs less, as more of the candidates are its own.
    pub fn ef_for(&self, recall: f64, share: f64) -> i32 {
        let of = |known: &[(i32, f64)]| {
            let found = known.iter().find(|(_, found)| *found >= recall);
            found.or(known.last()).map_or(0, |(ef, _)| *ef)
        };
        let assumed = if self.floor.is_empty() { &self.recalls } else { &self.floor };
        let measured = if self.floor.is_empty() { 0 } else { of(&self.recalls) };
        let assumed = f64::from(of(assumed)) * (1.0 - share.clamp(0.0, 1.0) / 3.0);
        match measured.max(assumed as i32) {
            0 => EF_SEARCH,
            ef => ef,
        }
    }
}

/// Rows of a table: as dense as when it was last analyzed, before that as vectors of its dimensions fill pages.
pub fn space_rows(analyzed_rows: f64, analyzed_pages: f64, pages: f64, dims: i32) -> f64 {
    if analyzed_rows > 0.0 && analyzed_pages > 0.0 {
        return analyzed_rows / analyzed_pages * pages;
    }
    pages * (8160.0 / (4.0 * f64::from(dims) + 120.0)).floor().max(1.0)
}

/// The share of the pages, in millionths of a percent, that a sample of a space reads.
pub fn sample_share(space_rows: f64) -> i64 {
    (SAMPLE_ROWS / space_rows.max(SAMPLE_ROWS) * 1e8).round() as i64
}

/// Rows at which both ways take equally long: rows * exact_us = max(ef, wanted * space_rows / rows) * ann_us.
pub fn break_even(exact_us: f64, ann_us: f64, ef_search: i32, k: i32, space_rows: f64) -> i64 {
    let flat = f64::from(ef_search) * ann_us / exact_us;
    let sloped = (MARGIN * f64::from(k) * space_rows * ann_us / exact_us).sqrt();
    // Above the second the index needs no more than ef_search candidates.
    flat.max(sloped).clamp(500.0, 200_000.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_chooses_the_smallest_known_ef() {
        let assumed = Costs::assumed(384, 60_000.0);
        let costs = Costs { recalls: vec![(40, 0.95), (100, 0.991), (200, 0.997)], ..assumed.clone() };
        assert_eq!(costs.ef_for(0.5, 0.0), 40);
        assert_eq!(costs.ef_for(0.99, 0.0), 100);
        assert_eq!(costs.ef_for(0.999, 0.0), 200);
        assert_eq!(Costs { recalls: vec![], ..costs }.ef_for(0.99, 0.0), EF_SEARCH);
        // A measurement raises what is assumed for the same recall, and does not lower it.
        assert_eq!(assumed.clone().measured(vec![(100, 0.992), (160, 0.996)]).ef_for(0.99, 0.0), EF_SEARCH);
        assert_eq!(assumed.clone().measured(vec![(200, 0.992)]).ef_for(0.99, 0.0), 200);
        assert_eq!(assumed.clone().measured(vec![(200, 0.992), (400, 0.999)]).ef_for(0.995, 0.0), 400);
        // All rows are the tenant's, which lowers what is assumed and not what is measured.
        assert_eq!(assumed.ef_for(0.99, 1.0), 100);
        assert_eq!(assumed.measured(vec![(130, 0.992)]).ef_for(0.99, 1.0), 130);
    }

    #[test]
    fn a_larger_graph_is_searched_farther() {
        let ef = |rows| Costs::assumed(384, rows).ef_for(0.99, 0.0);
        assert_eq!([0.0, 100.0, 10_000.0, 60_000.0, 1e6, 1e9].map(ef), [150, 64, 64, 150, 228, 644]);
    }

    #[test]
    fn break_even_grows_with_the_space() {
        assert_eq!(break_even(1.4, 20.0, 160, 10, 60_000.0), 5070);
        assert!(break_even(1.4, 20.0, 160, 10, 1e6) > break_even(1.4, 20.0, 160, 10, 1e5));
    }

    #[test]
    fn the_rows_of_a_table_come_from_its_pages() {
        assert_eq!(sample_share(1e6), 400_000);
        assert_eq!(sample_share(100.0), 100_000_000);
        assert_eq!(space_rows(1000.0, 250.0, 500.0, 384), 2000.0);
        // Before ANALYZE four vectors of 384 dimensions are taken to fill a page.
        assert_eq!(space_rows(-1.0, 0.0, 100.0, 384), 400.0);
        assert_eq!(space_rows(0.0, 0.0, 0.0, 384), 0.0);
    }
}
