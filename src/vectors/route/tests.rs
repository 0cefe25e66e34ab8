use super::*;
use crate::vectors::costs::sample_share;
use proptest::prelude::*;

fn question(costs: &Costs) -> Question<'_> {
    Question {
        mode: Mode::Auto,
        indexed: true,
        rows: Some(Rows::About(10_001)),
        index_rows: 60_000.0,
        own: false,
        precise: true,
        seen: None,
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
    // 4,000 of 60,000 would take 450 candidates, 9 ms, and their distances 6 ms.
    assert_eq!(at(Rows::Exactly(4000)), (Route::Exact, Why::Cheaper));
    let ann = |ef_search, max_scan_tuples| {
        Route::Ann(Ann { ef_search, fetch: 30, enough: 20, max_scan_tuples, is_whole: false })
    };
    assert_eq!(at(Rows::Exactly(9000)), (ann(200, 11_340), Why::ManyRows));
    assert_eq!(at(Rows::About(30_000)), (ann(125, 37_800), Why::ManyRows));
}

#[test]
fn a_first_pass_is_as_wide_as_the_share_wants() {
    let costs = Costs::assumed(384, 1e6);
    let ef = |rows, own, seen| match decide(&Question {
        rows: Some(rows),
        index_rows: if own { rows.number() as f64 } else { 1e6 },
        own,
        seen,
        ..question(&costs)
    }) {
        (Route::Ann(ann), _) => Some(ann.ef_search),
        _ => None,
    };
    let shared = |rows| ef(Rows::About(rows), false, None);
    assert_eq!(shared(133_836), Some(224));
    // Rarer around the query than in the whole, as the session saw.
    assert_eq!(ef(Rows::About(133_836), false, Some(0.1)), Some(300));
    assert_eq!(shared(20_000), None, "every row");
    // In an index of its own all are the tenant's, and the graph is small.
    assert_eq!(ef(Rows::About(20_000), true, None), Some(57));
    assert_eq!(ef(Rows::Exactly(3_000), true, None), Some(42));
    assert_eq!(ef(Rows::Exactly(600), true, None), None, "every row");
}

#[test]
fn rows_are_estimated_within_a_factor_of_two() {
    // 1 % of a million, hits of one page coming together.
    for (hits, share) in [(20, 400_000), (79, 400_000)] {
        let Rows::About(rows) = sampled(hits, share, 10_000) else { panic!() };
        assert!((10_000..=20_000).contains(&rows), "{rows}");
    }
    assert_eq!(sampled(0, sample_share(1e6), 10_000), Rows::About(10_000));
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
fn the_share_among_the_nearest_decides_how_to_go_on() {
    let costs = Costs::assumed(384, 60_000.0);
    let known = |rows| Question { rows: Some(rows), ..question(&costs) };
    let ann = Ann { ef_search: 180, fetch: 30, enough: 20, max_scan_tuples: 5_000, is_whole: false };
    let many = known(Rows::About(10_000));
    let saw = |share| Question { seen: Some(share), ..many.clone() };
    assert_eq!(begin(&many, ann), Step::Pass);
    assert_eq!(begin(&saw(0.5), ann), Step::Pass);
    assert_eq!(begin(&saw(0.1), ann), Step::Iterative);
    assert_eq!(go_on(&many, ann, 0.1), Step::Iterative);
    // 30 of them would take 20,000 candidates, but only 10,000 rows to be sure.
    assert_eq!(go_on(&many, ann, 0.0015), Step::Exact);
    assert_eq!(go_on(&known(Rows::Exactly(3_000)), ann, 0.1), Step::Exact);
    assert_eq!(go_on(&known(Rows::Exactly(6_000)), ann, 0.1), Step::Iterative);
    assert_eq!(go_on(&Question { mode: Mode::Ann, ..many.clone() }, ann, 0.0), Step::Iterative);
    // One pass cannot give more than it keeps.
    assert_eq!(begin(&many, Ann { ef_search: 15, ..ann }), Step::Iterative);
    assert_eq!(share_of(ann, 9), 0.05);
    assert_eq!(share_of(ann, 30), 1.0 / 6.0);
}

#[test]
fn an_index_of_its_own_gives_no_more_than_is_wanted() {
    let costs = Costs::assumed(384, 1e6);
    let own =
        Question { rows: Some(Rows::About(20_000)), index_rows: 20_000.0, own: true, ..question(&costs) };
    let taken = |question: &Question| match decide(question) {
        (Route::Ann(ann), _) => (ann.fetch, ann.enough, begin(question, ann), share_of(ann, ann.fetch)),
        other => panic!("{other:?}"),
    };
    assert_eq!(taken(&own), (10, 10, Step::Pass, 1.0));
    // Ranked again by whole vectors, or narrowed by a condition, it needs more.
    assert_eq!(taken(&Question { precise: false, ..own.clone() }).0, 30);
    assert_eq!(taken(&Question { rows: Some(Rows::About(15_000)), ..own }).0, 30);
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

/// Rows of the tenant in a pass of a simulated space, whose local share differs from the whole.
fn pass(seed: &mut u64, ann: Ann, share: f64) -> i64 {
    let mut random = || {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) as f64 / f64::from(1u32 << 31)
    };
    let mut hits = 0;
    // bounded: at most MAX_EF_SEARCH.
    for _ in 0..ann.ef_search {
        hits += i64::from(random() < share);
    }
    hits.min(ann.fetch)
}

#[test]
fn searches_settle_on_one_pass_whatever_the_share() {
    let costs = Costs::assumed(384, 1e6);
    let mut seed = 7;
    for share in [0.9, 0.3, 0.1, 0.06] {
        for local in [share / 2.0, share, (share * 1.5_f64).min(1.0)] {
            let rows = Some(Rows::About((share * 1e6) as i64));
            let (mut seen, mut again, mut candidates) = (None, 0, 0);
            for _ in 0..200 {
                let asked = Question { rows, index_rows: 1e6, seen, ..question(&costs) };
                let (Route::Ann(ann), _) = decide(&asked) else { break };
                if begin(&asked, ann) != Step::Pass {
                    again += 1;
                    continue;
                }
                candidates += ann.ef_search;
                let found = pass(&mut seed, ann, local);
                again += i32::from(found < ann.enough);
                let now = share_of(ann, found);
                seen = Some((seen.unwrap_or(asked.share()) + now) / 2.0);
            }
            assert!(again <= 20, "{again} of 200 searches took a second look, share {share}, near {local}");
            // No wider than twice what a pass needs that knows the share near the query.
            let needed = f64::from(costs.ef_for(RECALL, share)).max(MARGIN * 10.0 / local);
            assert!(
                f64::from(candidates) / 200.0 <= 2.0 * needed,
                "{candidates}, share {share}, near {local}"
            );
        }
    }
}

#[test]
fn an_index_of_its_own_pays_in_the_middle() {
    let costs = Costs::assumed(384, 1e6);
    let gain = |rows| {
        let (shared, own) = tenant_costs(&costs, rows, 1e6);
        shared / own
    };
    assert!(gain(500) < 1.1, "every row is as fast");
    assert!(gain(20_000) > 5.0);
    assert!(gain(900_000) < 1.2, "nearly all rows are its own");
}

proptest! {
    #[test]
    fn every_question_has_an_answer_within_bounds(
        rows in 0i64..1_000_000, more in any::<bool>(), space_rows in -1f64..1e9, k in 1i32..=MAX_K,
        ef in proptest::option::of(-5i32..5000), recall in proptest::option::of(0f64..=1.0), indexed in any::<bool>(),
        share in proptest::option::of(0f64..=1.0), own in any::<bool>(),
    ) {
        let costs = Costs::assumed(768, space_rows);
        let rows = Some(if more { Rows::About(rows) } else { Rows::Exactly(rows) });
        let asked = Question {
            rows, index_rows: space_rows, k, ef_search: ef, recall, indexed, seen: share, own, ..question(&costs)
        };
        if let (Route::Ann(ann), _) = decide(&asked) {
            prop_assert!((1..=MAX_EF_SEARCH).contains(&ann.ef_search));
            prop_assert!(ann.fetch >= i64::from(k));
            prop_assert!((5_000..=200_000).contains(&ann.max_scan_tuples));
            prop_assert!(begin(&asked, ann) != Step::Pass || i64::from(ann.ef_search) >= ann.enough);
        }
        let (exact, ann) = estimate(&asked);
        prop_assert!(exact.is_finite() && ann.is_finite());
    }
}
