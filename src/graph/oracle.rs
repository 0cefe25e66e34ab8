//! The planner against an oracle that knows no rectangles: a list of events, replayed for each point.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::clock::{Stamps, instant};
use super::content::{Change, Content, Operation};
use super::period::{BEGIN, END, Period};
use super::plan::{Version, plan};
use super::timeline::timeline;

const NOW: i64 = END;

fn json(members: &BTreeMap<&str, u8>) -> String {
    format!("{{{}}}", members.iter().map(|(k, v)| format!("\"{k}\": {v}")).collect::<Vec<_>>().join(", "))
}

type State = Option<(String, BTreeMap<&'static str, u8>)>;

/// The oracle's memory: the calls and their times, nothing else.
#[derive(Debug, Clone)]
struct Event {
    at: i64,
    operation: Operation,
    portion: Period,
    name: &'static str,
    members: BTreeMap<&'static str, u8>,
}

fn fold(events: &[Event], v: i64, k: i64) -> State {
    let mut state: State = None;
    for event in events.iter().filter(|e| e.at <= k && e.portion.start <= v && v < e.portion.end) {
        state = match (event.operation, state) {
            (Operation::Retract, _) | (Operation::Patch, None) => None,
            (Operation::Put, _) | (Operation::Upsert, None) => {
                Some((event.name.to_owned(), event.members.clone()))
            }
            (Operation::Patch | Operation::Upsert, Some((_, mut members))) => {
                members.extend(event.members.clone());
                Some((event.name.to_owned(), members))
            }
        };
    }
    state
}

/// A row of the table; own while the transaction that inserted it runs.
#[derive(Debug, Clone)]
struct Row {
    valid: Period,
    since: i64,
    until: i64,
    own: bool,
    content: Content,
}

#[derive(Debug, Clone, Default)]
struct Table(Vec<Row>);

impl Table {
    fn write(&mut self, now: i64, event: &Event) -> (i64, usize, usize) {
        let at = instant(now, self.0.iter().map(|r| Stamps { since: r.since, until: r.until, own: r.own }));
        let places: Vec<usize> = (0..self.0.len()).filter(|i| self.0[*i].until == END).collect();
        let mut versions: Vec<(usize, Version)> = places
            .into_iter()
            .filter(|i| self.0[*i].valid.intersect(event.portion).is_some())
            .map(|i| {
                let row = &self.0[i];
                (
                    i,
                    Version {
                        valid: row.valid,
                        since: row.since,
                        own: row.own,
                        content: row.content.clone(),
                    },
                )
            })
            .collect();
        versions.sort_by_key(|(_, version)| version.valid);
        let change = Change {
            kind: Some("t".to_owned()),
            name: Some(event.name.to_owned()),
            properties: json(&event.members),
            ..Change::default()
        };
        let only: Vec<Version> = versions.iter().map(|(_, version)| version.clone()).collect();
        let plan = plan(&only, event.operation, event.portion, &change, at).unwrap();
        for i in &plan.close {
            self.0[versions[*i].0].until = at;
        }
        let (closed, added) = (plan.close.len(), plan.add.len());
        let gone: Vec<usize> = plan.replace.iter().map(|i| versions[*i].0).collect();
        let mut place = 0;
        self.0.retain(|_| {
            place += 1;
            !gone.contains(&(place - 1))
        });
        self.0.extend(plan.add.into_iter().map(|(valid, content)| Row {
            valid,
            since: at,
            until: END,
            own: true,
            content,
        }));
        (at, closed, added)
    }

    fn commit(&mut self) {
        self.0.iter_mut().for_each(|row| row.own = false);
    }

    fn read(&self, v: i64, k: i64) -> Vec<&Row> {
        let known = |r: &Row| if k == NOW { r.until == END } else { r.since <= k && k < r.until };
        self.0.iter().filter(|r| r.valid.start <= v && v < r.valid.end && known(r)).collect()
    }

    fn check(&self) {
        for (i, a) in self.0.iter().enumerate() {
            assert!(a.since < a.until, "a version of no time: {a:?}");
            for b in &self.0[i + 1..] {
                let overlap =
                    a.valid.intersect(b.valid).is_some() && a.since.max(b.since) < a.until.min(b.until);
                assert!(!overlap, "{a:?} overlaps {b:?}");
            }
        }
    }
}

/// I5: of versions that others could see, nothing changes but an end that was open.
fn only_ended(before: &Table, after: &Table) {
    for row in &before.0 {
        let same = |r: &&Row| r.valid == row.valid && r.since == row.since && r.content.same(&row.content);
        let kept = after.0.iter().find(same).unwrap_or_else(|| panic!("{row:?} is gone"));
        assert!(kept.until == row.until || row.until == END, "{row:?} became {kept:?}");
    }
}

/// Bounds and their neighbours, and the middles between them.
fn points(bounds: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut sorted: Vec<i64> = bounds.collect();
    sorted.sort_unstable();
    sorted.dedup();
    let around = sorted.iter().flat_map(|b| [b.saturating_sub(1), *b, b.saturating_add(1)]);
    let middles = sorted.windows(2).map(|w| ((i128::from(w[0]) + i128::from(w[1])) / 2) as i64);
    let mut all: Vec<i64> = around.chain(middles).filter(|b| *b != END).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[derive(Debug, Clone)]
struct Step {
    savepoint: bool,
    rolled_back: bool,
    event: Event,
}

fn event() -> impl Strategy<Value = Event> {
    let operations = prop_oneof![3 => Just(Operation::Put), 2 => Just(Operation::Patch), 2 => Just(Operation::Upsert), 2 => Just(Operation::Retract)];
    let bound = prop_oneof![1 => Just(BEGIN), 1 => Just(END), 12 => (0i64..12).prop_map(|n| n * 10)];
    let portion =
        (bound.clone(), bound).prop_filter_map("not empty", |(a, b)| Period::new(a.min(b), a.max(b)));
    let members = prop::collection::btree_map(prop_oneof![Just("a"), Just("b")], 0u8..2, 0..3);
    (operations, portion, prop_oneof![4 => Just("n"), 1 => Just("m")], members)
        .prop_map(|(operation, portion, name, members)| Event { at: 0, operation, portion, name, members })
}

/// Transactions: a step of the clock, and what each does.
fn history() -> impl Strategy<Value = Vec<(i64, Vec<Step>)>> {
    let step = (prop::bool::weighted(0.3), prop::bool::weighted(0.3), event())
        .prop_map(|(savepoint, rolled_back, event)| Step { savepoint, rolled_back, event });
    let clock = prop_oneof![Just(0i64), Just(1), Just(2), Just(40), Just(-3), Just(-100)];
    prop::collection::vec((clock, prop::collection::vec(step, 1..4)), 1..9)
}

fn run(history: &[(i64, Vec<Step>)]) -> usize {
    let (mut table, mut events, mut clock) = (Table::default(), Vec::<Event>::new(), 1000i64);
    let mut last = i64::MIN;
    let mut checked = 0;
    for (step, writes) in history {
        clock += step;
        let before = table.clone();
        let mut time = None;
        for write in writes {
            let saved = (table.clone(), events.clone(), time);
            let (at, closed, added) = table.write(clock, &write.event);
            assert!(time.is_none_or(|t| t == at), "a transaction has one time for a key");
            if closed + added > 0 {
                time = Some(at);
            }
            events.push(Event { at, ..write.event.clone() });
            // Again changes nothing.
            let again = table.clone().write(clock, &write.event);
            assert!(again == (at, 0, 0), "not idempotent: {again:?}");
            if write.savepoint && write.rolled_back {
                (table, events, time) = saved;
            }
        }
        table.commit();
        // A change that its own transaction undid leaves no trace, and no time to be after.
        if let Some(time) = time.filter(|_| rows(&before) != rows(&table)) {
            assert!(time >= last && time >= clock, "times of a key rise: {last}, then {time}");
            last = time;
        }
        table.check();
        only_ended(&before, &table);
    }
    let vs = points(table.0.iter().flat_map(|r| [r.valid.start, r.valid.end]).chain([0, 55]));
    let ks = points(table.0.iter().flat_map(|r| [r.since, r.until]).chain([1000])).into_iter().chain([NOW]);
    for k in ks {
        for v in &vs {
            let found = table.read(*v, k);
            assert!(found.len() <= 1, "{} versions at ({v}, {k})", found.len());
            let found = found.first().map(|r| (r.content.name.clone(), r.content.properties.clone()));
            let wanted = fold(&events, *v, k).map(|(name, members)| (name, json(&members)));
            assert_eq!(found, wanted, "at valid {v}, known {k}");
            checked += 1;
        }
    }
    checked
}

#[test]
fn every_point_is_as_the_events_say() {
    let config = ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        max_shrink_iters: 5000,
        ..ProptestConfig::default()
    };
    let checked = std::cell::Cell::new(0);
    let run = |history: Vec<(i64, Vec<Step>)>| {
        checked.set(checked.get() + run(&history));
        Ok(())
    };
    prop::test_runner::TestRunner::new(config).run(&history(), run).unwrap();
    assert!(checked.get() >= 100_000, "{} points", checked.get());
}

/// Days of an example to microseconds; `END` stays.
fn period(start: i64, end: i64) -> Period {
    Period { start, end }
}

fn example(operation: Operation, portion: Period, members: &[(&'static str, u8)]) -> Event {
    Event { at: 0, operation, portion, name: "n", members: members.iter().copied().collect() }
}

/// Rows as (valid start, valid end, since, until, properties), in the order of the examples.
fn rows(table: &Table) -> Vec<(i64, i64, i64, i64, String)> {
    let mut rows: Vec<_> = table
        .0
        .iter()
        .map(|r| (r.since, r.valid.start, r.valid.end, r.until, r.content.properties.clone()))
        .collect();
    rows.sort();
    rows.into_iter().map(|(since, start, end, until, p)| (start, end, since, until, p)).collect()
}

fn commit(table: &mut Table, now: i64, events: &[Event]) -> Vec<(i64, usize, usize)> {
    let done = events.iter().map(|event| table.write(now, event)).collect();
    table.commit();
    done
}

#[test]
fn worked_examples() {
    use Operation::*;
    // Months as hundreds, so that 103 is the third of January.
    let mut table = Table::default();
    let job = |c| [("job", c)];
    assert_eq!(commit(&mut table, 1, &[example(Put, period(101, END), &job(1))]), [(1, 0, 1)], "E1");
    assert_eq!(commit(&mut table, 2, &[example(Put, period(301, 401), &job(2))]), [(2, 1, 3)], "E2");
    assert_eq!(commit(&mut table, 3, &[example(Patch, period(201, 315), &[("x", 1)])]), [(3, 2, 4)], "E3");
    assert_eq!(table.0.len(), 8, "E3");
    assert_eq!(commit(&mut table, 4, &[example(Retract, period(601, 701), &[])]), [(4, 1, 2)], "E4");
    assert_eq!(commit(&mut table, 5, &[example(Put, period(401, 501), &job(1))]), [(5, 0, 0)], "E5");
    assert_eq!(table.0.len(), 10, "E5");
    assert_eq!(commit(&mut table, 6, &[example(Upsert, period(615, 715), &[("y", 2)])]), [(6, 1, 3)], "E6");
    let a = r#"{"job": 1}"#;
    let wanted = [
        (101, END, 1, 2, a),
        (101, 301, 2, 3, a),
        (301, 401, 2, 3, r#"{"job": 2}"#),
        (401, END, 2, 4, a),
        (101, 201, 3, END, a),
        (201, 301, 3, END, r#"{"x": 1, "job": 1}"#),
        (301, 315, 3, END, r#"{"x": 1, "job": 2}"#),
        (315, 401, 3, END, r#"{"job": 2}"#),
        (401, 601, 4, END, a),
        (701, END, 4, 6, a),
        (615, 701, 6, END, r#"{"y": 2}"#),
        (701, 715, 6, END, r#"{"y": 2, "job": 1}"#),
        (715, END, 6, END, a),
    ];
    assert_eq!(rows(&table), wanted.map(|(a, b, c, d, p)| (a, b, c, d, p.to_owned())).to_vec());
    // E7: in one transaction nothing is left of what it replaced itself.
    let current = table.0.iter().filter(|r| r.until == END).count();
    let done = commit(
        &mut table,
        7,
        &[example(Put, period(101, END), &job(3)), example(Put, period(101, END), &job(4))],
    );
    assert_eq!(done, [(7, current, 1), (7, 0, 1)], "E7");
    assert_eq!(table.0.iter().filter(|r| r.content.properties == r#"{"job": 3}"#).count(), 0, "E7");
    // E8: the clock went back.
    assert_eq!(commit(&mut table, 1, &[example(Put, period(101, END), &job(5))]), [(8, 1, 1)], "E8");
    table.check();
}

#[test]
fn the_property_of_snodgrass() {
    use Operation::*;
    let (mut table, own) = (Table::default(), |c| [("c", c)]);
    let (e145, e827) = (own(1), own(2));
    let days: [(i64, Vec<Event>); 7] = [
        (10, vec![example(Put, period(10, END), &e145)]),
        (15, vec![example(Put, period(15, END), &e827)]),
        (20, vec![example(Retract, period(20, END), &[])]),
        (23, vec![example(Put, period(3, 10), &e145)]),
        (26, vec![example(Retract, period(3, 5), &[])]),
        (28, vec![example(Put, period(5, 12), &e145), example(Put, period(12, 20), &e827)]),
        (30, vec![example(Retract, period(5, 12), &[])]),
    ];
    for (day, events) in &days {
        commit(&mut table, *day, events);
    }
    let seen = |k: i64| {
        let known: Vec<(Period, i64, String)> = table
            .0
            .iter()
            .filter(|r| r.since <= k && k < r.until)
            .map(|r| (r.valid, r.since, r.content.properties.clone()))
            .collect();
        let found = timeline(&known, Period::ALWAYS, false, |a, b| a == b);
        found
            .into_iter()
            .map(|(p, c)| (p.start, p.end, if c.unwrap() == r#"{"c": 1}"# { 145 } else { 827 }))
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(14), [(10, END, 145)]);
    assert_eq!(seen(18), [(10, 15, 145), (15, END, 827)]);
    assert_eq!(seen(21), [(10, 15, 145), (15, 20, 827)]);
    assert_eq!(seen(24), [(3, 15, 145), (15, 20, 827)]);
    assert_eq!(seen(27), [(5, 15, 145), (15, 20, 827)]);
    assert_eq!(seen(29), [(5, 12, 145), (12, 20, 827)]);
    assert_eq!(seen(30), [(12, 20, 827)]);
}
