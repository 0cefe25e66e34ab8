//! A session's cache, up to a number of entries. A caller shares the entry that it uses: an entry that has
//! to go while it is used waits until nobody does.

use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

pub struct Cache<K, V> {
    capacity: usize,
    /// Each with the time of its last use.
    kept: HashMap<K, (u64, Rc<V>)>,
    time: u64,
    dropped: Vec<Rc<V>>,
}

impl<K: Eq + Hash, V> Cache<K, V> {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, kept: HashMap::new(), time: 0, dropped: Vec::new() }
    }

    pub fn get(&mut self, key: &K) -> Option<Rc<V>> {
        let (used, value) = self.kept.get_mut(key)?;
        self.time += 1;
        *used = self.time;
        Some(value.clone())
    }

    /// Keeps a value; a full cache loses the quarter that was not used for longest.
    pub fn put(&mut self, key: K, value: V) -> Rc<V> {
        if self.kept.len() >= self.capacity {
            let mut times: Vec<u64> = self.kept.values().map(|(used, _)| *used).collect();
            times.sort_unstable();
            let last = times[times.len() / 4];
            self.drop_where(|used, _| used <= last);
        }
        self.time += 1;
        let value = Rc::new(value);
        if let Some((_, old)) = self.kept.insert(key, (self.time, value.clone())) {
            self.dropped.push(old);
        }
        value
    }

    pub fn forget(&mut self, value: &Rc<V>) {
        self.drop_where(|_, kept| Rc::ptr_eq(kept, value));
    }

    /// The values that were dropped and that nobody uses any more.
    pub fn take_unused(&mut self) -> Vec<V> {
        let (mut unused, mut used) = (Vec::new(), Vec::new());
        // bounded: entries of a cache.
        for value in self.dropped.drain(..) {
            match Rc::try_unwrap(value) {
                Ok(value) => unused.push(value),
                Err(value) => used.push(value),
            }
        }
        self.dropped = used;
        unused
    }

    fn drop_where(&mut self, goes: impl Fn(u64, &Rc<V>) -> bool) {
        let Self { kept, dropped, .. } = self;
        dropped.extend(kept.extract_if(|_, (used, value)| goes(*used, value)).map(|(_, (_, value))| value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_cache_loses_what_was_not_used() {
        let mut cache = Cache::new(8);
        for n in 0..8 {
            cache.put(n, n * 10);
        }
        assert_eq!(cache.get(&0).as_deref(), Some(&0));
        cache.put(8, 80);
        assert_eq!(cache.get(&0).as_deref(), Some(&0));
        assert_eq!(cache.get(&1), None);
        assert_eq!(cache.get(&8).as_deref(), Some(&80));
        for n in 0..1000 {
            cache.put(n, n);
            assert!(cache.kept.len() <= 8);
        }
    }

    #[test]
    fn what_is_used_is_given_back_later() {
        let mut cache = Cache::new(8);
        let first = cache.put('a', 1);
        drop(cache.put('a', 2));
        assert!(cache.take_unused().is_empty());
        assert_eq!(*first, 1);
        drop(first);
        assert_eq!(cache.take_unused(), [1]);
        assert!(cache.take_unused().is_empty());
        let second = cache.get(&'a').unwrap();
        cache.forget(&second);
        assert_eq!(cache.get(&'a'), None);
        assert!(cache.take_unused().is_empty());
        drop(second);
        assert_eq!(cache.take_unused(), [2]);
    }
}
