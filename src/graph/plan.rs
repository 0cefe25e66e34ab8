//! Plans the versions to close, replace and add so that an operation holds over a portion of valid time.

use super::content::{Change, Content, Invalid, Operation};
use super::period::{Period, Periods};
use crate::interrupts::poll;

/// A current version of the key.
#[derive(Debug, Clone)]
pub struct Version {
    pub valid: Period,
    pub since: i64,
    /// Written by the own transaction.
    pub own: bool,
    pub content: Content,
}

#[derive(Debug, Default)]
pub struct Plan {
    /// Versions that end at the transaction time, by their place in the input.
    pub close: Vec<usize>,
    /// Versions of the own transaction, which nobody ever saw: they go.
    pub replace: Vec<usize>,
    /// Versions that begin at the transaction time.
    pub add: Vec<(Period, Content)>,
}

/// Plans `operation` over `portion` at transaction time `at`. `versions` are the current ones that
/// overlap the portion, at least; they do not overlap each other.
pub fn plan(
    versions: &[Version],
    operation: Operation,
    portion: Period,
    change: &Change,
    at: i64,
) -> Result<Plan, Invalid> {
    let mut plan = Plan::default();
    let mut pieces: Vec<(Period, Content)> = Vec::new();
    for (i, version) in versions.iter().enumerate() {
        poll();
        let Some(inside) = version.valid.intersect(portion) else { continue };
        let new = change.apply(operation, Some(&version.content), at)?;
        if new.as_ref().is_some_and(|new| new.same(&version.content)) {
            continue;
        }
        // Never closed at its own beginning, which would leave a version of no time.
        if version.own && version.since >= at {
            plan.replace.push(i);
        } else {
            plan.close.push(i);
        }
        let left = Period::new(version.valid.start, inside.start);
        let right = Period::new(inside.end, version.valid.end);
        // bounded: two.
        for rest in left.into_iter().chain(right) {
            plan.add.push((rest, version.content.clone()));
        }
        pieces.extend(new.map(|new| (inside, new)));
    }
    let gaps = Periods::from(portion).subtract(&versions.iter().map(|version| version.valid).collect());
    let first = versions.iter().map(|version| version.content.created).min();
    for gap in gaps.iter() {
        poll();
        pieces.extend(change.apply(operation, None, first.unwrap_or(at))?.map(|new| (gap, new)));
    }
    pieces.sort_by_key(|(period, _)| *period);
    plan.add.extend(coalesced(pieces));
    plan.add.sort_by_key(|(period, _)| *period);
    Ok(plan)
}

/// Adjacent pieces that say the same, from the same source, as one.
fn coalesced(pieces: Vec<(Period, Content)>) -> Vec<(Period, Content)> {
    let mut merged: Vec<(Period, Content)> = Vec::with_capacity(pieces.len());
    for (period, content) in pieces {
        poll();
        match merged.last_mut() {
            Some((last, before))
                if last.end == period.start && before.same(&content) && before.source == content.source =>
            {
                last.end = period.end;
                before.created = before.created.min(content.created);
            }
            _ => merged.push((period, content)),
        }
    }
    merged
}
