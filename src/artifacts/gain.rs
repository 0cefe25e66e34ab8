//! The gain of threads: the measurement behind the figures beside each use of them, as the server does that work.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::chunker::tests::noise;
use super::read::BATCH;
use super::{chunker, codec};
use crate::parallel;

type Work<'a> = Box<dyn Fn(&[u8]) -> usize + Sync + 'a>;

/// The time for all chunks, by batches as the store makes them. Of each batch the fastest of 60 runs counts,
/// as other work of the machine disturbs some.
fn time(threads: usize, data: &[u8], chunks: &[Range<usize>], work: &Work<'_>) -> Duration {
    let run = |batch: &[Range<usize>]| {
        let start = Instant::now();
        std::hint::black_box(parallel::map_on(threads, batch, |range| work(&data[range.clone()])));
        start.elapsed()
    };
    let fastest = |batch| (0..60).map(|_| run(batch)).min().unwrap_or_default();
    chunks.chunks(BATCH).map(fastest).sum()
}

#[test]
#[ignore = "a measurement, for `cargo test --lib --release -- --ignored --nocapture gain`"]
fn of_two_threads() {
    let line = |n: u32| format!("line {} of {}\n", n.wrapping_mul(2_654_435_761) % 9973, n % 77).into_bytes();
    let text: Vec<u8> = (0..1 << 20).flat_map(line).take(4 << 20).collect();
    let chunks: Vec<Range<usize>> = chunker::chunks(&text, true).collect();
    let base = noise(1, 20_000);
    let works: [(&str, Work<'_>); 3] = [
        ("hash", Box::new(|chunk| usize::from(blake3::hash(chunk).as_bytes()[0]))),
        ("encode", Box::new(|chunk| codec::encode(chunk, None).1.len())),
        ("encode beside a base", Box::new(|chunk| codec::encode(chunk, Some(&base)).1.len())),
    ];
    for (name, work) in &works {
        let [one, two] = [1, 2].map(|threads| time(threads, &text, &chunks, work));
        println!("{name}: 4 MiB take {one:?} on 1 thread, {two:?} on 2");
    }
}
