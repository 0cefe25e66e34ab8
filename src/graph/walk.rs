//! Breadth-first walks: what can be reached, and the shortest path between two nodes.
//!
//! A node is visited once, so the cost is that of the edges of the nodes reached, not of the paths.

// A tenant chooses its ids: only a hash with a key of the process keeps them from colliding on purpose.
use std::collections::{HashMap, HashSet};

use super::content::Id;
use super::period::Period;
use crate::interrupts::{poll, polled};

/// How many nodes are expanded at once: a bound on what a step takes before limits are looked at.
const CHUNK: usize = 4096;

/// An edge of the node `near`, to whichever side.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub near: Id,
    pub far: Id,
    pub edge: Id,
    /// The number of its type, as the graph counts them.
    pub kind: u32,
    pub valid: Period,
}

/// A graph at one point of both times.
pub trait Graph {
    type Error;
    /// Edges that are being read.
    type Links;
    /// Begins to read the edges of the nodes, in walking direction or against it, whether their other end exists or
    /// not.
    fn links(&mut self, nodes: &[Id], backwards: bool) -> Result<Self::Links, Self::Error>;
    /// Some of those that are left, so few that limits are looked at before they take memory; none at the end.
    fn more(&mut self, links: &mut Self::Links) -> Result<Vec<Link>, Self::Error>;
    /// Those of the nodes that exist.
    fn existing(&mut self, nodes: &[Id]) -> Result<Vec<Id>, Self::Error>;
}

#[derive(Debug, PartialEq, Eq)]
pub enum Stopped<E> {
    TooManyNodes,
    Graph(E),
}

impl<E> From<E> for Stopped<E> {
    fn from(error: E) -> Self {
        Self::Graph(error)
    }
}

/// A node that was reached.
#[derive(Debug)]
pub struct Reached {
    pub id: Id,
    pub depth: u32,
    /// The place of the node before it in the result, and the edge from there; none of the start.
    pub parent: Option<(usize, Id)>,
    /// The type of that edge.
    pub kind: u32,
    /// When the whole path from the start holds.
    pub valid: Period,
}

/// The start, if it exists, then what is reached from it, by depth and id. Each node has its smallest
/// depth, and of its parents there, and of the edges from it, the one with the smallest id.
pub fn traverse<G: Graph>(
    graph: &mut G,
    start: Id,
    max_depth: u32,
    max_nodes: usize,
) -> Result<Vec<Reached>, Stopped<G::Error>> {
    if graph.existing(&[start])?.is_empty() {
        return Ok(Vec::new());
    }
    let mut reached = vec![Reached { id: start, depth: 0, parent: None, kind: 0, valid: Period::ALWAYS }];
    let mut seen = HashSet::from([start]);
    let mut layer = 0..1;
    for depth in 1..=max_depth {
        poll();
        let mut next: Vec<Reached> = Vec::new();
        // In the order of ids, so that the first chunk with a child has its smallest parent.
        for first in layer.clone().step_by(CHUNK) {
            poll();
            let chunk = first..(first + CHUNK).min(layer.end);
            let nodes: Vec<Id> = reached[chunk.clone()].iter().map(|r| r.id).collect();
            let place = |near: &Id| Some(chunk.start + nodes.binary_search(near).ok()?);
            let room = max_nodes.saturating_sub(reached.len() - 1 + next.len());
            let mut best: HashMap<Id, (usize, Id, u32, Period)> = HashMap::new();
            let mut open = graph.links(&nodes, false)?;
            loop {
                poll();
                let mut links = graph.more(&mut open)?;
                if links.is_empty() {
                    break;
                }
                links.retain(|link| !seen.contains(&link.far));
                let known = existing_ends(graph, &links, |far| best.contains_key(far))?;
                if best.len() + known.len() > room {
                    return Err(Stopped::TooManyNodes);
                }
                // bounded: a block.
                for link in links {
                    let Some(parent) = place(&link.near) else { continue };
                    let found = (parent, link.edge, link.kind, link.valid);
                    if let Some(before) = best.get_mut(&link.far) {
                        if (found.0, found.1) < (before.0, before.1) {
                            *before = found;
                        }
                    } else if known.contains(&link.far) {
                        best.insert(link.far, found);
                    }
                }
            }
            for (id, (parent, edge, kind, valid)) in polled(best) {
                let valid = reached[parent].valid.intersect(valid).unwrap_or(valid);
                seen.insert(id);
                next.push(Reached { id, depth, parent: Some((parent, edge)), kind, valid });
            }
        }
        if next.is_empty() {
            break;
        }
        next.sort_unstable_by_key(|r| r.id);
        layer = reached.len()..reached.len() + next.len();
        reached.append(&mut next);
    }
    Ok(reached)
}

/// Those of the far ends that exist, where `is_known` does not say so already.
fn existing_ends<G: Graph>(
    graph: &mut G,
    links: &[Link],
    is_known: impl Fn(&Id) -> bool,
) -> Result<HashSet<Id>, G::Error> {
    let new: HashSet<Id> = links.iter().map(|link| link.far).filter(|far| !is_known(far)).collect();
    let new: Vec<Id> = new.into_iter().collect();
    Ok(if new.is_empty() { HashSet::new() } else { graph.existing(&new)?.into_iter().collect() })
}

/// The ids on the way from the start to the node at `place`, and the edges between them.
pub fn path(reached: &[Reached], place: usize) -> Vec<Id> {
    let mut ids = vec![reached[place].id];
    let mut at = reached[place].parent;
    // bounded: by the depth, and the caller by the ids in all the paths.
    while let Some((parent, _)) = at {
        ids.push(reached[parent].id);
        at = reached[parent].parent;
    }
    ids.reverse();
    ids
}

#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    pub nodes: Vec<Id>,
    pub edges: Vec<Id>,
    /// When the whole path holds.
    pub valid: Period,
}

/// The state of one of the two searches.
struct Side {
    backwards: bool,
    depth: HashMap<Id, u32>,
    frontier: Vec<Id>,
    /// From a node to those of the next depth.
    links: Vec<Link>,
}

impl Side {
    fn new(start: Id, backwards: bool) -> Self {
        Self { backwards, depth: HashMap::from([(start, 0)]), frontier: vec![start], links: Vec::new() }
    }

    fn step<G: Graph>(&mut self, graph: &mut G, room: usize) -> Result<(), Stopped<G::Error>> {
        let depth = self.depth.get(&self.frontier[0]).map_or(1, |d| d + 1);
        let mut next = HashSet::new();
        // Of the edges between two nodes the one that a path takes.
        let mut best: HashMap<(Id, Id), Link> = HashMap::new();
        for nodes in self.frontier.chunks(CHUNK) {
            poll();
            let mut open = graph.links(nodes, self.backwards)?;
            loop {
                poll();
                let mut links = graph.more(&mut open)?;
                if links.is_empty() {
                    break;
                }
                links.retain(|link| !self.depth.contains_key(&link.far));
                next.extend(existing_ends(graph, &links, |far| next.contains(far))?);
                if next.len() > room {
                    return Err(Stopped::TooManyNodes);
                }
                // bounded: a block.
                for link in links.into_iter().filter(|link| next.contains(&link.far)) {
                    let known = best.entry((link.near, link.far)).or_insert(link);
                    if link.edge < known.edge {
                        *known = link;
                    }
                }
            }
        }
        self.links.extend(polled(best.into_values()));
        self.frontier = next.into_iter().collect();
        self.frontier.sort_unstable();
        self.depth.extend(self.frontier.iter().map(|id| (*id, depth)));
        Ok(())
    }
}

/// The shortest path, and of several the one whose nodes have the smallest ids, in their order.
pub fn shortest_path<G: Graph>(
    graph: &mut G,
    from: Id,
    to: Id,
    max_depth: u32,
    max_nodes: usize,
) -> Result<Option<Path>, Stopped<G::Error>> {
    let ends = if from == to { vec![from] } else { vec![from, to] };
    if graph.existing(&ends)?.len() < ends.len() {
        return Ok(None);
    }
    if from == to {
        return Ok(Some(Path { nodes: ends, edges: Vec::new(), valid: Period::ALWAYS }));
    }
    let (mut ahead, mut behind) = (Side::new(from, false), Side::new(to, true));
    for _ in 0..max_depth {
        poll();
        let room = max_nodes.saturating_sub(ahead.depth.len() + behind.depth.len());
        let (side, other) = if ahead.frontier.len() <= behind.frontier.len() {
            (&mut ahead, &behind)
        } else {
            (&mut behind, &ahead)
        };
        side.step(graph, room)?;
        if side.frontier.is_empty() {
            return Ok(None);
        }
        let meeting: HashSet<Id> =
            side.frontier.iter().filter(|id| other.depth.contains_key(*id)).copied().collect();
        if !meeting.is_empty() {
            return Ok(Some(rebuilt(&ahead, &behind, from, to, meeting)));
        }
    }
    Ok(None)
}

/// Walks from the start through nodes that lie on a shortest path, each time to the smallest one.
fn rebuilt(ahead: &Side, behind: &Side, from: Id, to: Id, meeting: HashSet<Id>) -> Path {
    let mut steps: HashMap<Id, (Id, Id, Period)> = HashMap::new();
    let mut offer = |at: Id, next: (Id, Id, Period)| {
        let known = steps.entry(at).or_insert(next);
        if (next.0, next.1) < (known.0, known.1) {
            *known = next;
        }
    };
    // Links lie in the order of their depth: seen from the end, a link counts once its far node does.
    let mut on_path = meeting;
    for link in polled(ahead.links.iter().rev()) {
        let levels = ahead.depth.get(&link.near).zip(ahead.depth.get(&link.far));
        if on_path.contains(&link.far) && levels.is_some_and(|(near, far)| near + 1 == *far) {
            on_path.insert(link.near);
            offer(link.near, (link.far, link.edge, link.valid));
        }
    }
    for link in polled(&behind.links) {
        offer(link.far, (link.near, link.edge, link.valid));
    }
    let mut path = Path { nodes: vec![from], edges: Vec::new(), valid: Period::ALWAYS };
    let mut at = from;
    // bounded: by the depth.
    while at != to {
        let Some((next, edge, valid)) = steps.get(&at) else { break };
        path.nodes.push(*next);
        path.edges.push(*edge);
        path.valid = path.valid.intersect(*valid).unwrap_or(path.valid);
        at = *next;
    }
    path
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use proptest::prelude::*;

    fn id(n: u8) -> Id {
        let mut id = [0; 16];
        id[15] = n;
        id
    }

    /// Edges (from, to) with their place as id; nodes from `dead` on do not exist.
    #[derive(Debug)]
    struct Small {
        edges: Vec<(u8, u8)>,
        dead: u8,
        directed: bool,
        /// How many edges were read.
        read: usize,
    }

    impl Small {
        fn arcs(&self) -> Vec<(u8, u8, u8)> {
            let numbered = self.edges.iter().enumerate().map(|(i, (a, b))| (*a, *b, i as u8));
            let there: Vec<_> = numbered.filter(|(a, b, _)| *a < self.dead && *b < self.dead).collect();
            let back = there.iter().map(|(a, b, i)| (*b, *a, *i)).filter(|_| !self.directed);
            there.iter().copied().chain(back.collect::<Vec<_>>()).collect()
        }

        /// Floyd and Warshall know nothing of layers.
        fn distances(&self) -> Vec<Vec<Option<u32>>> {
            let n = usize::from(self.dead);
            let mut d = vec![vec![None; n]; n];
            for (i, row) in d.iter_mut().enumerate() {
                row[i] = Some(0);
            }
            for (a, b, _) in self.arcs() {
                let at = &mut d[usize::from(a)][usize::from(b)];
                *at = Some(at.unwrap_or(1).min(1));
            }
            for k in 0..n {
                for i in 0..n {
                    for j in 0..n {
                        if let (Some(x), Some(y)) = (d[i][k], d[k][j]) {
                            d[i][j] = Some(d[i][j].map_or(x + y, |z: u32| z.min(x + y)));
                        }
                    }
                }
            }
            d
        }
    }

    impl Graph for Small {
        type Error = Infallible;
        type Links = Vec<Link>;

        fn links(&mut self, nodes: &[Id], backwards: bool) -> Result<Vec<Link>, Infallible> {
            let mut links = Vec::new();
            for (i, (a, b)) in self.edges.iter().enumerate().rev() {
                let mut offer = |near: u8, far: u8| {
                    if nodes.contains(&id(near)) {
                        let valid = Period { start: i64::from(near), end: 1000 + i as i64 };
                        links.push(Link {
                            near: id(near),
                            far: id(far),
                            edge: id(i as u8),
                            kind: i as u32,
                            valid,
                        });
                    }
                };
                if !self.directed || !backwards {
                    offer(*a, *b);
                }
                if !self.directed || backwards {
                    offer(*b, *a);
                }
            }
            Ok(links)
        }

        /// Two at a time, so that an edge and its better one come apart.
        fn more(&mut self, links: &mut Vec<Link>) -> Result<Vec<Link>, Infallible> {
            let few = links.len().min(2);
            self.read += few;
            Ok(links.drain(..few).collect())
        }

        fn existing(&mut self, nodes: &[Id]) -> Result<Vec<Id>, Infallible> {
            Ok(nodes.iter().filter(|n| n[15] < self.dead).copied().collect())
        }
    }

    fn small() -> impl Strategy<Value = Small> {
        (prop::collection::vec((0u8..9, 0u8..9), 0..22), 1u8..9, any::<bool>())
            .prop_map(|(edges, dead, directed)| Small { edges, dead, directed, read: 0 })
    }

    #[test]
    fn limits_and_absent_nodes() {
        let mut chain =
            Small { edges: (0..8).map(|n| (n, n + 1)).collect(), dead: 9, directed: true, read: 0 };
        assert_eq!(traverse(&mut chain, id(0), 3, 10).unwrap().len(), 4);
        assert_eq!(traverse(&mut chain, id(0), 0, 10).unwrap().len(), 1);
        assert!(matches!(traverse(&mut chain, id(0), 9, 7), Err(Stopped::TooManyNodes)));
        assert_eq!(traverse(&mut chain, id(0), 9, 8).unwrap().len(), 9);
        assert!(traverse(&mut chain, id(200), 9, 10).unwrap().is_empty());
        assert_eq!(shortest_path(&mut chain, id(0), id(8), 7, 100), Ok(None));
        assert_eq!(shortest_path(&mut chain, id(0), id(8), 8, 100).unwrap().unwrap().nodes.len(), 9);
        assert!(matches!(shortest_path(&mut chain, id(0), id(8), 8, 5), Err(Stopped::TooManyNodes)));
        assert_eq!(shortest_path(&mut chain, id(3), id(3), 0, 1).unwrap().unwrap().nodes, [id(3)]);
        assert_eq!(shortest_path(&mut chain, id(200), id(200), 9, 10), Ok(None));
    }

    #[test]
    fn too_many_nodes_end_a_walk_before_all_edges_are_read() {
        let edges = (1..=200).map(|n| (0, n)).collect();
        let mut star = Small { edges, dead: 255, directed: true, read: 0 };
        assert!(matches!(traverse(&mut star, id(0), 2, 10), Err(Stopped::TooManyNodes)));
        assert!(star.read <= 12, "{}", star.read);
        star.read = 0;
        assert!(matches!(shortest_path(&mut star, id(0), id(254), 9, 10), Err(Stopped::TooManyNodes)));
        assert!(star.read <= 12, "{}", star.read);
    }

    /// All shortest paths by brute force; the smallest one.
    fn smallest_path(graph: &Small, a: u8, b: u8, length: u32) -> Option<Vec<Id>> {
        let mut paths = vec![vec![a]];
        for _ in 0..length {
            let grown = |p: &Vec<u8>| {
                let arcs = graph.arcs().into_iter().filter(|arc| arc.0 == p[p.len() - 1]);
                arcs.map(|arc| [p.clone(), vec![arc.1]].concat()).collect::<Vec<_>>()
            };
            paths = paths.iter().flat_map(grown).collect();
        }
        paths.into_iter().filter(|p| p.last() == Some(&b)).min().map(|p| p.into_iter().map(id).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn traverse_is_right(mut graph in small(), max_depth in 0u32..9) {
            let distances = graph.distances();
            let reached = traverse(&mut graph, id(0), max_depth, 100).unwrap();
            let found: Vec<(u32, u8)> = reached.iter().map(|r| (r.depth, r.id[15])).collect();
            let mut wanted: Vec<(u32, u8)> = (0..graph.dead).filter_map(|n| Some((distances[0][usize::from(n)]?, n))).filter(|w| w.0 <= max_depth).collect();
            wanted.sort_unstable();
            prop_assert_eq!(found, wanted);
            for (i, r) in reached.iter().enumerate() {
                let ids = path(&reached, i);
                prop_assert_eq!(ids.len() as u32, r.depth + 1);
                let Some((parent, edge)) = r.parent else { continue };
                // The smallest parent at the depth before, by the smallest edge.
                let smallest = graph.arcs().into_iter().filter(|arc| arc.1 == r.id[15] && distances[0][usize::from(arc.0)] == Some(r.depth - 1))
                    .map(|arc| (arc.0, arc.2)).min();
                prop_assert_eq!(smallest, Some((reached[parent].id[15], edge[15])));
                prop_assert_eq!(r.valid.start, ids[..ids.len() - 1].iter().map(|n| i64::from(n[15])).max().unwrap());
            }
        }

        #[test]
        fn shortest_path_is_right(mut graph in small(), a in 0u8..8, b in 0u8..8, max_depth in 0u32..9) {
            let (a, b) = (a.min(graph.dead - 1), b.min(graph.dead - 1));
            let length = graph.distances()[usize::from(a)][usize::from(b)].filter(|n| *n <= max_depth);
            let found = shortest_path(&mut graph, id(a), id(b), max_depth, 100).unwrap();
            prop_assert_eq!(found.as_ref().map(|p| p.nodes.clone()), length.and_then(|n| smallest_path(&graph, a, b, n)));
            if let Some(path) = found {
                for (i, pair) in path.nodes.windows(2).enumerate() {
                    let smallest = graph.arcs().into_iter().filter(|arc| (id(arc.0), id(arc.1)) == (pair[0], pair[1])).map(|arc| arc.2).min();
                    prop_assert_eq!(smallest, Some(path.edges[i][15]));
                }
            }
        }
    }
}
