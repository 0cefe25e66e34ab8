//! The known name that a mistyped one is nearest to.

/// How many letters must be changed, added, left out or swapped with the next to make one name of another.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    // bounded: names, cut to 64 letters.
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        // bounded: names, cut to 64 letters.
        for (j, y) in b.iter().enumerate() {
            let mut least = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// The nearest of some names; none where all are far off. Of equally near ones the first.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LETTERS: usize = 64;
    let name = name.char_indices().nth(LETTERS).map_or(name, |(end, _)| &name[..end]);
    let far = 1 + name.chars().count() / 3;
    let near = known.into_iter().map(|known| (distance(name, known), known));
    // A name that begins as this one does is as near as one with a letter changed.
    let near = near.map(|(steps, known)| (if known.starts_with(name) { steps.min(1) } else { steps }, known));
    near.filter(|(steps, _)| *steps <= far && !name.is_empty())
        .min_by_key(|(steps, _)| *steps)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn distances() {
        for (a, b, wanted) in [
            ("", "", 0),
            ("kv_get", "kv_get", 0),
            ("kv_gte", "kv_get", 1),
            ("kv_ge", "kv_get", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (wanted, wanted), "{a} {b}");
        }
    }

    #[test]
    fn names() {
        let known = ["kv_get", "kv_set", "kv_delete_prefix"];
        assert_eq!(nearest("kv_gte", known), Some("kv_get"));
        assert_eq!(nearest("kv_delete", known), Some("kv_delete_prefix"));
        assert_eq!(nearest("entity_put", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest(&"x".repeat(10_000), known), None);
    }

    proptest! {
        #[test]
        fn one_change_is_one_step(name in "[a-z_]{1,12}", at in 0usize..12, letter in "[a-z]") {
            let at = at.min(name.len());
            let added = format!("{}{letter}{}", &name[..at], &name[at..]);
            prop_assert_eq!(distance(&name, &added), 1);
            prop_assert_eq!(distance(&added, &name), 1);
        }

        #[test]
        fn is_a_distance(a in "[ab]{0,6}", b in "[ab]{0,6}") {
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert!(distance(&a, &b) <= a.len().max(b.len()));
        }
    }
}
