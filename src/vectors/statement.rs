//! The statements of a search. Their text holds nothing of a user's but the quoted name of a table and,
//! for a tenant with an index of its own, a hash of its id.

use std::fmt::Write;

/// Parameters, the same in every statement; not each uses all.
pub const QUERY: &str = "$1";
pub const TENANT: &str = "$2";
pub const SCOPE: &str = "$3";
pub const CONTAINED: &str = "$4";
pub const SINCE: &str = "$5";
pub const UNTIL: &str = "$6";
pub const MAX_DISTANCE: &str = "$7";
pub const K: &str = "$8";
pub const FETCH: &str = "$9";
pub const QUERY_HALF: &str = "$10";
pub const EXCLUDED: &str = "$11";
pub const ROLE: &str = "$12";
pub const TESTED: &str = "$13";
pub const IDS: &str = "$14";

/// The conditions of a search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Conditions {
    pub scope: bool,
    /// The metadata contains what an index finds.
    pub contained: bool,
    /// The metadata is as a filter with operators says.
    pub tested: bool,
    pub since: bool,
    pub until: bool,
    pub max_distance: bool,
    pub with_expired: bool,
    /// Scopes are left out.
    pub excluded: bool,
    /// Of episodes: only those of one role.
    pub role: bool,
}

impl Conditions {
    /// Every row of the tenant.
    pub const ALL: Self = Self {
        scope: false,
        contained: false,
        tested: false,
        since: false,
        until: false,
        max_distance: false,
        with_expired: true,
        excluded: false,
        role: false,
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    Cosine,
    L2,
    Ip,
}

impl Metric {
    pub fn parse(metric: &str) -> Option<Self> {
        match metric {
            "cosine" => Some(Self::Cosine),
            "l2" => Some(Self::L2),
            "ip" => Some(Self::Ip),
            _ => None,
        }
    }

    pub fn operator(self) -> &'static str {
        match self {
            Self::Cosine => "<=>",
            Self::L2 => "<->",
            Self::Ip => "<#>",
        }
    }

    /// Larger is nearer; a cosine similarity where the distance is one.
    pub fn score(self, distance: f64) -> f64 {
        match self {
            Self::Cosine => 1.0 - distance,
            Self::L2 => 1.0 / (1.0 + distance),
            Self::Ip => -distance,
        }
    }
}

/// The expression that the index is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Vector,
    /// The vector at half the precision, of length 1 where only its direction counts.
    Cast,
    /// The column `embedding_half`.
    Half,
}

/// A space, as far as statements depend on it.
#[derive(Debug, Clone)]
pub struct Space {
    /// Quoted, with its schema.
    pub table: String,
    pub dims: i32,
    pub metric: Metric,
    /// Whether it has the column `embedding_half`.
    pub halves: bool,
    /// Schema of pgvector, quoted.
    pub vector_schema: String,
}

impl Space {
    fn distance(&self, left: &str, right: &str) -> String {
        format!("{left} OPERATOR({}.{}) {right}", self.vector_schema, self.metric.operator())
    }

    fn conditions(&self, wanted: Conditions) -> String {
        let mut text = format!("tenant_id = {TENANT}");
        let mut and = |condition: String| {
            let _ = write!(text, " AND {condition}");
        };
        if wanted.scope {
            and(format!("scope = {SCOPE}"));
        }
        if wanted.contained {
            and(format!("metadata OPERATOR(llmspell.@>) {CONTAINED}"));
        }
        if wanted.tested {
            and(format!("llmspell_internal._filter_matches(metadata, {TESTED})"));
        }
        if wanted.since {
            and(format!("created_at >= {SINCE}"));
        }
        if wanted.until {
            and(format!("created_at < {UNTIL}"));
        }
        if !wanted.with_expired {
            and("(expires_at IS NULL OR expires_at > now())".to_owned());
        }
        if wanted.excluded {
            and(format!("scope <> ALL ({EXCLUDED})"));
        }
        if wanted.role {
            and(format!(
                "EXISTS (SELECT FROM llmspell.episodes e WHERE e.tenant_id = {TENANT} AND e.id = {}.id AND e.role = {ROLE})",
                self.table
            ));
        }
        text
    }

    /// Counts to at most FETCH.
    pub fn count(&self, wanted: Conditions) -> String {
        let conditions = self.conditions(wanted);
        format!("SELECT count(*) FROM (SELECT FROM {} WHERE {conditions} LIMIT {FETCH}) AS r", self.table)
    }

    /// Counts in a share of the pages, FETCH millionths of a percent.
    pub fn sample(&self, wanted: Conditions) -> String {
        let conditions = self.conditions(wanted);
        format!("SELECT count(*) FROM {} TABLESAMPLE SYSTEM ({FETCH} / 1e6) WHERE {conditions}", self.table)
    }

    /// The vectors of all rows, for distances that are computed outside of the statement.
    pub fn vectors(&self, wanted: Conditions) -> String {
        format!("SELECT id, embedding FROM {} WHERE {} OFFSET 0", self.table, self.conditions(wanted))
    }

    /// Rows by id, in their order: position, and what a search returns beside id and distance.
    pub fn by_ids(&self) -> String {
        format!(
            "SELECT i.n, t.scope::text, t.metadata, t.content, t.created_at, t.text_id::text \
             FROM unnest({IDS}) WITH ORDINALITY AS i (id, n) \
             CROSS JOIN LATERAL (SELECT * FROM {} t WHERE t.tenant_id = {TENANT} AND t.id = i.id OFFSET 0) AS t",
            self.table
        )
    }

    /// Every row. OFFSET 0 keeps the index for nearest neighbours out, whatever the planner thinks of it.
    pub fn exact(&self, wanted: Conditions) -> String {
        let near = nearest(
            &format!(
                "(SELECT id, {} AS distance FROM {} WHERE {} OFFSET 0)",
                self.distance("embedding", QUERY),
                self.table,
                self.conditions(wanted)
            ),
            wanted,
        );
        format!(
            "SELECT t.id, s.distance, t.scope::text, t.metadata, t.content, t.created_at, t.text_id::text, 0::bigint, 0::double precision \
             FROM {near} AS s JOIN {} t ON t.tenant_id = {TENANT} AND t.id = s.id ORDER BY s.distance, s.id",
            self.table
        )
    }

    /// The same for few rows: each goes whole through the sort, which saves the second look.
    pub fn exact_few(&self, wanted: Conditions) -> String {
        format!(
            "SELECT r.id, r.distance, r.scope::text, r.metadata, r.content, r.created_at, r.text_id::text, 0::bigint, 0::double precision \
             FROM (SELECT id, {} AS distance, scope, metadata, content, created_at, text_id FROM {} WHERE {} OFFSET 0) AS r \
             {} ORDER BY r.distance + 0, r.id LIMIT {K}",
            self.distance("embedding", QUERY),
            self.table,
            self.conditions(wanted),
            threshold(wanted)
        )
    }

    /// Every row at half the precision, and the nearest of them exactly.
    pub fn exact_halves(&self, wanted: Conditions) -> String {
        let near = format!(
            "SELECT s.id, s.distance FROM (SELECT id, {} AS distance FROM {} WHERE {} OFFSET 0) AS s \
             ORDER BY s.distance + 0, s.id LIMIT {FETCH}",
            self.distance("embedding_half", QUERY_HALF),
            self.table,
            self.conditions(wanted)
        );
        self.ranked(&near, wanted, true)
    }

    /// What the index gives first. `hash`: of the tenant, where it has an index of its own, whose predicate it is in.
    pub fn ann(&self, wanted: Conditions, key: Key, hash: Option<&str>) -> String {
        let own = hash.map(|hash| format!(" AND md5(tenant_id) = '{hash}'")).unwrap_or_default();
        let distance = match key {
            Key::Vector => self.distance("embedding", QUERY),
            Key::Half => self.distance("embedding_half", QUERY_HALF),
            Key::Cast => {
                let schema = &self.vector_schema;
                let whole = match self.metric {
                    Metric::Cosine => format!("{schema}.l2_normalize(embedding)"),
                    Metric::L2 | Metric::Ip => "embedding".to_owned(),
                };
                self.distance(&format!("({whole}::{schema}.halfvec({}))", self.dims), QUERY_HALF)
            }
        };
        let near = format!(
            "SELECT id, {distance} AS distance FROM {} WHERE {}{own} ORDER BY {distance} LIMIT {FETCH}",
            self.table,
            self.conditions(wanted)
        );
        self.ranked(&near, wanted, key != Key::Vector)
    }

    /// The rows that the tenant's own index gives: all that are wanted, in its order.
    pub fn ann_whole(&self, wanted: Conditions, hash: &str) -> String {
        let distance = self.distance("embedding", QUERY);
        let threshold = threshold(wanted);
        format!(
            "WITH c AS MATERIALIZED (SELECT id, {distance} AS distance, scope::text, metadata, content, created_at, \
                 text_id::text FROM {} WHERE {} AND md5(tenant_id) = '{hash}' ORDER BY {distance} LIMIT {FETCH}) \
             SELECT r.*, n.candidates, n.farthest FROM (SELECT count(*) AS candidates, max(distance) AS farthest FROM c) AS n \
             LEFT JOIN (SELECT r.* FROM c AS r {threshold}) AS r ON true ORDER BY r.distance, r.id",
            self.table,
            self.conditions(wanted)
        )
    }

    /// The candidates in exact order; one row without an id where none of them is wanted. Their number
    /// tells whether the index came to its end, so the threshold is applied afterwards.
    fn ranked(&self, near: &str, wanted: Conditions, again: bool) -> String {
        let rows = if again {
            let distance = self.distance("t.embedding", QUERY);
            let threshold = if wanted.max_distance {
                format!("WHERE {distance} <= {MAX_DISTANCE}")
            } else {
                String::new()
            };
            format!(
                "SELECT t.id, {distance} AS distance, t.scope::text, t.metadata, t.content, t.created_at, t.text_id::text \
                 FROM c JOIN {} t ON t.tenant_id = {TENANT} AND t.id = c.id {threshold} ORDER BY 2, 1 LIMIT {K}",
                self.table
            )
        } else {
            format!(
                "SELECT t.id, s.distance, t.scope::text, t.metadata, t.content, t.created_at, t.text_id::text \
                 FROM {} AS s JOIN {} t ON t.tenant_id = {TENANT} AND t.id = s.id",
                nearest("c", wanted),
                self.table
            )
        };
        format!(
            "WITH c AS MATERIALIZED ({near}) SELECT r.*, n.candidates, n.farthest \
             FROM (SELECT count(*) AS candidates, max(distance) AS farthest FROM c) AS n LEFT JOIN ({rows}) AS r ON true \
             ORDER BY r.distance, r.id"
        )
    }
}

/// The K nearest of rows with id and distance.
fn nearest(rows: &str, wanted: Conditions) -> String {
    let threshold = threshold(wanted);
    format!("(SELECT r.id, r.distance FROM {rows} AS r {threshold} ORDER BY r.distance + 0, r.id LIMIT {K})")
}

fn threshold(wanted: Conditions) -> String {
    if wanted.max_distance { format!("WHERE r.distance <= {MAX_DISTANCE}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space() -> Space {
        Space {
            table: "llmspell.vector_embeddings_384".to_owned(),
            dims: 384,
            metric: Metric::Cosine,
            halves: false,
            vector_schema: "public".to_owned(),
        }
    }

    #[test]
    fn only_wanted_conditions_are_written() {
        let all = Conditions {
            scope: true,
            contained: true,
            tested: true,
            since: true,
            until: true,
            max_distance: true,
            with_expired: false,
            excluded: true,
            role: true,
        };
        for text in [space().exact(all), space().exact_few(all)] {
            for parameter in
                [QUERY, TENANT, SCOPE, CONTAINED, SINCE, UNTIL, MAX_DISTANCE, K, EXCLUDED, ROLE, TESTED]
            {
                assert!(text.contains(parameter), "{parameter}");
            }
            assert!(text.contains("expires_at > now()"));
        }
        let none = space().exact(Conditions { with_expired: true, ..Conditions::default() });
        for parameter in [SCOPE, CONTAINED, SINCE, UNTIL, MAX_DISTANCE, EXCLUDED, ROLE, TESTED, "expires_at"]
        {
            assert!(!none.contains(parameter), "{parameter}");
        }
    }

    #[test]
    fn an_exact_scan_is_fenced() {
        assert!(space().exact(Conditions::default()).contains("OFFSET 0)"));
        assert!(space().exact_few(Conditions::default()).contains("OFFSET 0)"));
        assert!(space().exact_halves(Conditions::default()).contains("OFFSET 0)"));
        assert!(space().vectors(Conditions::default()).ends_with("OFFSET 0"));
    }

    #[test]
    fn the_threshold_is_not_the_scans() {
        let wanted = Conditions { max_distance: true, ..Conditions::default() };
        for text in [
            space().ann(wanted, Key::Vector, None),
            space().ann(wanted, Key::Cast, None),
            space().ann_whole(wanted, ""),
        ] {
            let (scan, rest) = text.split_at(text.find(") SELECT").unwrap());
            assert!(!scan.contains(MAX_DISTANCE) && rest.contains(MAX_DISTANCE), "{text}");
        }
    }

    #[test]
    fn scores_grow_as_distances_shrink() {
        for metric in [Metric::Cosine, Metric::L2, Metric::Ip] {
            assert!(metric.score(0.1) > metric.score(0.2));
        }
        assert_eq!(Metric::Cosine.score(0.25), 0.75);
    }
}
