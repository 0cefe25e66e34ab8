//! The statements of a search by words. Their text holds nothing of a user's but the quoted names of tables.

use std::fmt::Write;

use super::find::Ask;
pub use super::source::Source;

/// Parameters, the same in every statement; not each uses all.
pub const VECTOR: &str = "$1";
pub const TENANT: &str = "$2";
pub const SCOPE: &str = "$3";
pub const CONTAINED: &str = "$4";
pub const SINCE: &str = "$5";
pub const UNTIL: &str = "$6";
pub const EXCLUDED: &str = "$7";
pub const ROLE: &str = "$8";
pub const WORDS: &str = "$9";
pub const LANGUAGES: &str = "$10";
pub const STRICT: &str = "$11";
pub const IDS: &str = "$12";
pub const AGE_AT: &str = "$13";
pub const MOST: &str = "$14";
pub const TESTED: &str = "$15";
pub const KNOWN_AT: &str = "$16";
pub const VALID_AT: &str = "$17";

/// So many learned patterns are looked at.
const PATTERNS: usize = 1000;

/// So many edges of an entity, in each direction, lead to its neighbours.
const EDGES: usize = 20;

/// Which versions of the graph hold at a moment of both times.
fn moment(alias: &str, known: bool) -> String {
    let believed = if known {
        format!("{alias}.transaction_time_start <= {KNOWN_AT} AND {alias}.transaction_time_end > {KNOWN_AT}")
    } else {
        format!("{alias}.transaction_time_end = 'infinity'")
    };
    format!("{alias}.valid_time_start <= {VALID_AT} AND {alias}.valid_time_end > {VALID_AT} AND {believed}")
}

/// Which conditions a search has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Conditions {
    pub scope: bool,
    /// The metadata contains what an index finds.
    pub contained: bool,
    /// The metadata is as a filter with operators says.
    pub tested: bool,
    pub since: bool,
    pub until: bool,
    pub excluded: bool,
    pub role: bool,
    pub with_expired: bool,
    /// As it was known at a moment of the past.
    pub known: bool,
}

/// What must hold of phrases and exclusions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strict {
    Nothing,
    /// The same of every row.
    One,
    /// Of each row what its language makes of it.
    OfItsLanguage,
}

/// The columns that are read of rows known by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub words: bool,
    pub age: bool,
}

/// A table that has words: that of a space, the episodes, or the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Quoted, with its schema.
    pub name: String,
    pub source: Source,
    pub conditions: Conditions,
    pub strict: Strict,
}

/// The vectors of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vectors {
    /// Quoted, with its schema.
    pub table: String,
    /// Quoted, with its schema: `OPERATOR(public.<=>)`.
    pub operator: String,
    /// Quoted, with its schema: `public.vector_dims`.
    pub dims: String,
}

impl Vectors {
    /// Those of a table, or beside the rows, compared by an operator of pgvector, whose schema is quoted.
    pub fn of(schema: &str, operator: &str, table: String) -> Self {
        Self {
            table,
            operator: format!("OPERATOR({schema}.{operator})"),
            dims: format!("{schema}.vector_dims"),
        }
    }

    /// The distance of the nearest vector of row `t`, none where they are of another length.
    fn nearest(&self) -> String {
        let Self { operator, dims, .. } = self;
        format!(
            "(SELECT min(e.vector {operator} {VECTOR}) FROM unnest(t.embeddings) AS e (vector) WHERE {dims}(e.vector) = {dims}({VECTOR}))"
        )
    }
}

impl Table {
    /// That row `t` was there at the moment of the past, where one is given; of the graph, that it holds.
    fn known(&self) -> String {
        match self.source {
            Source::Entities | Source::Relationships => {
                format!(" AND {}", moment("t", self.conditions.known))
            }
            _ if !self.conditions.known => String::new(),
            Source::Space => format!(" AND t.created_at <= {KNOWN_AT}"),
            Source::Episodes => format!(" AND t.recorded_at <= {KNOWN_AT}"),
            Source::Items => format!(" AND t.created_at <= {KNOWN_AT}"),
            Source::Patterns => format!(" AND t.first_seen <= {KNOWN_AT}"),
        }
    }

    /// What says that a row of the items is one that searches find.
    fn found_by_id(&self) -> &'static str {
        if self.source == Source::Items {
            " AND (t.content IS NOT NULL OR t.embeddings IS NOT NULL)"
        } else {
            ""
        }
    }

    /// What row `t` must fulfil beside belonging to the tenant.
    fn conditions(&self) -> String {
        let Conditions { scope, contained, tested, since, until, excluded, role, with_expired, .. } =
            self.conditions;
        let (scope_column, time, metadata) =
            (self.source.scope(), self.source.time(), self.source.metadata());
        let expires = matches!(self.source, Source::Space | Source::Episodes | Source::Items);
        let scoped = if self.source == Source::Items {
            format!("t.namespace >= {SCOPE} AND t.namespace < llmspell_internal._item_subtree_end({SCOPE})")
        } else {
            format!("t.{scope_column} = {SCOPE}")
        };
        let each = [
            (scope, scoped),
            (contained, format!("t.{metadata} OPERATOR(llmspell.@>) {CONTAINED}")),
            (tested, format!("llmspell_internal._filter_matches(t.{metadata}, {TESTED})")),
            (since, format!("t.{time} >= {SINCE}")),
            (until, format!("t.{time} < {UNTIL}")),
            (excluded, format!("t.{scope_column} <> ALL ({EXCLUDED})")),
            (role && self.source == Source::Episodes, format!("t.role = {ROLE}")),
            (expires && !with_expired, "(t.expires_at IS NULL OR t.expires_at > now())".to_owned()),
        ];
        each.into_iter().filter(|(is_set, _)| *is_set).fold(self.known(), |mut text, (_, condition)| {
            let _ = write!(text, " AND {condition}");
            text
        })
    }

    /// Whether row `t` has the phrases and none of the exclusions; a row without words has no phrase. Nothing is demanded
    /// in a language in which all of them are stop words.
    fn strict(&self) -> String {
        match self.strict {
            Strict::Nothing => "true".to_owned(),
            Strict::One => format!("coalesce(coalesce(t.fts, '') OPERATOR(llmspell.@@) ({STRICT})[1], true)"),
            Strict::OfItsLanguage => format!(
                "coalesce(coalesce(t.fts, '') OPERATOR(llmspell.@@) ({STRICT})[array_position({LANGUAGES}, t.language)], true)"
            ),
        }
    }

    /// The rows with words: id, words, language, whether they may be found.
    pub fn pass(&self, ask: &Ask) -> String {
        if self.source == Source::Patterns {
            return self.pass_of_patterns();
        }
        let rows = format!(
            "SELECT t.{}, t.fts, t.language, {} FROM {} t WHERE t.tenant_id = {TENANT} AND t.fts IS NOT NULL{}",
            self.source.id(),
            self.strict(),
            self.name,
            self.conditions()
        );
        match ask {
            Ask::All => rows,
            Ask::Any(_) | Ask::Sets(_) => format!("{rows} AND t.fts OPERATOR(llmspell.@@) {WORDS}"),
            Ask::Newest(_) => {
                let order = self.source.order();
                format!("{rows} AND t.fts OPERATOR(llmspell.@@) {WORDS} ORDER BY {order} LIMIT {MOST}")
            }
        }
    }

    /// The most frequent ones with their words: a pattern is counted far more often than it is looked for, so no index
    /// holds them.
    fn pass_of_patterns(&self) -> String {
        format!(
            "SELECT t.id, t.fts, t.language, {} FROM (SELECT t.pattern_id AS id, llmspell_internal._search_language(NULL) AS language, \
                 to_tsvector(llmspell_internal._pattern_content(t.scope, t.key, t.value)) AS fts \
             FROM {} t WHERE t.tenant_id = {TENANT} AND t.frequency >= 3{} \
             ORDER BY t.frequency DESC, t.scope, t.key, t.value LIMIT {PATTERNS}) AS t",
            self.strict(),
            self.name,
            self.conditions()
        )
    }

    /// Rows by id: position, words, language, whether they may be found, age in seconds, distance. The words of a
    /// relationship are those of its sentence, with the names of both ends.
    pub fn details(&self, wanted: Wanted, vectors: Option<&Vectors>) -> String {
        let words = match (wanted.words, self.source) {
            (false, _) => "NULL::tsvector".to_owned(),
            (true, Source::Relationships) => {
                let name = |id: &str| {
                    format!(
                        "(SELECT e.name FROM llmspell.entities e WHERE e.tenant_id = {TENANT} AND e.entity_id = ANY (ARRAY[t.{id}]) AND {} \
                         ORDER BY e.transaction_time_start DESC LIMIT 1)",
                        moment("e", self.conditions.known)
                    )
                };
                format!(
                    "to_tsvector((ARRAY(SELECT llmspell_internal._search_config(l) FROM unnest({LANGUAGES}) AS l)) \
                         [coalesce(array_position({LANGUAGES}, t.language), 1)], concat_ws(' ', {}, {})) || t.fts",
                    name("from_entity"),
                    name("to_entity")
                )
            }
            (true, _) => "t.fts".to_owned(),
        };
        let age = if wanted.age {
            format!("extract(epoch FROM {AGE_AT} - t.{})::double precision", self.source.time())
        } else {
            "0::double precision".to_owned()
        };
        let (distance, join) = match vectors {
            None => ("NULL::double precision".to_owned(), String::new()),
            Some(vectors) if self.source == Source::Items => (vectors.nearest(), String::new()),
            Some(Vectors { table, operator, .. }) => (
                "v.distance".to_owned(),
                format!(
                    " LEFT JOIN LATERAL (SELECT v.embedding {operator} {VECTOR} AS distance FROM {table} v \
                     WHERE v.tenant_id = {TENANT} AND v.id = i.id{} OFFSET 0) AS v ON true",
                    // A vector that came later knows what was not known then.
                    if self.conditions.known && self.source.is_fact() {
                        format!(" AND v.created_at <= {KNOWN_AT}")
                    } else {
                        String::new()
                    }
                ),
            ),
        };
        // A vector says nothing of when its episode was stored, nor of which version of a fact holds.
        let (conditions, last) = match self.source {
            Source::Entities | Source::Relationships => {
                (self.conditions(), "ORDER BY t.transaction_time_start DESC LIMIT 1")
            }
            _ => (format!("{}{}", self.known(), self.found_by_id()), "OFFSET 0"),
        };
        let embeddings = if self.source == Source::Items { ", t.embeddings" } else { "" };
        format!(
            "SELECT i.n, t.fts, t.language, t.fits, t.age, {distance} FROM unnest({IDS}) WITH ORDINALITY AS i (id, n) \
             CROSS JOIN LATERAL (SELECT {words} AS fts, t.language, {} AS fits, {age} AS age{embeddings} FROM {} t \
             WHERE t.tenant_id = {TENANT} AND t.{} = {}{conditions} {last}) AS t{join}",
            self.strict(),
            self.name,
            self.source.id(),
            // An array keeps the planner from GiST, whose look-up costs ten times that in the primary key.
            if self.source.is_fact() { "ANY (ARRAY[i.id])" } else { "i.id" }
        )
    }

    /// One step in the graph: of entities the position, an edge and the other end; of relationships the position and
    /// both ends.
    pub fn links(&self) -> String {
        let holds = moment("r", self.conditions.known);
        if self.source == Source::Relationships {
            return format!(
                "SELECT i.n, r.from_entity, r.to_entity FROM unnest({IDS}) WITH ORDINALITY AS i (id, n) \
                 CROSS JOIN LATERAL (SELECT r.from_entity, r.to_entity FROM llmspell.relationships r \
                 WHERE r.tenant_id = {TENANT} AND r.relationship_id = ANY (ARRAY[i.id]) AND {holds} ORDER BY r.transaction_time_start DESC LIMIT 1) AS r"
            );
        }
        let side = |this: &str, other: &str| {
            format!(
                "(SELECT r.relationship_id, r.{other} AS other FROM llmspell.relationships r \
                 WHERE r.tenant_id = {TENANT} AND r.{this} = i.id AND {holds} ORDER BY r.relationship_id LIMIT {EDGES})"
            )
        };
        format!(
            "SELECT i.n, r.relationship_id, r.other FROM unnest({IDS}) WITH ORDINALITY AS i (id, n) \
             CROSS JOIN LATERAL ({} UNION ALL {}) AS r",
            side("from_entity", "to_entity"),
            side("to_entity", "from_entity")
        )
    }

    /// The nearest items, each by the nearest of its vectors: id, distance. Every row of the namespaces is compared.
    pub fn nearest(&self, vectors: &Vectors) -> String {
        format!(
            "SELECT t.id, t.distance FROM (SELECT t.id, {} AS distance FROM {} t \
             WHERE t.tenant_id = {TENANT} AND t.embeddings IS NOT NULL{} OFFSET 0) AS t \
             WHERE t.distance IS NOT NULL ORDER BY t.distance, t.id LIMIT {MOST}",
            vectors.nearest(),
            self.name,
            self.conditions()
        )
    }

    /// The rows before and after rows by id, where they may be found: position, both ids. In a session those of the
    /// turns; elsewhere those whose metadata names the same source and the place before or after.
    pub fn beside(&self) -> String {
        let (name, conditions) = (&self.name, self.conditions());
        if self.source == Source::Entities {
            return format!("SELECT l.n, l.other, NULL::uuid FROM ({}) AS l", self.links());
        }
        if self.source == Source::Episodes {
            // With the session in the order, only the index that begins with it serves, whatever the statistics say.
            let side = |compare: &str, within: &str, order: &str| {
                format!(
                    "(SELECT CASE WHEN true{conditions} THEN t.id END AS id FROM {name} t \
                     WHERE t.tenant_id = {TENANT} AND t.session_id {within} e.session_id \
                       AND (t.session_id, t.occurred_at, t.recorded_at, t.id) {compare} (e.session_id, e.occurred_at, e.recorded_at, i.id) \
                     ORDER BY t.session_id {order}, t.occurred_at {order}, t.recorded_at {order}, t.id {order} LIMIT 1)"
                )
            };
            return format!(
                "SELECT i.n, b.id, a.id FROM unnest({IDS}) WITH ORDINALITY AS i (id, n) \
                 CROSS JOIN LATERAL (SELECT e.session_id, e.occurred_at, e.recorded_at FROM {name} e \
                 WHERE e.tenant_id = {TENANT} AND e.id = i.id OFFSET 0) AS e \
                 LEFT JOIN LATERAL {} AS b ON true LEFT JOIN LATERAL {} AS a ON true",
                side("<", ">=", "DESC"),
                side(">", "<=", "ASC")
            );
        }
        let side = |step: &str| {
            format!(
                "(SELECT t.id FROM {name} t WHERE t.tenant_id = {TENANT} AND t.scope = e.scope \
                   AND t.metadata OPERATOR(llmspell.@>) jsonb_build_object('source', e.source, 'place', e.place {step} 1){conditions} \
                 ORDER BY t.id LIMIT 1)"
            )
        };
        format!(
            "SELECT i.n, b.id, a.id FROM unnest({IDS}) WITH ORDINALITY AS i (id, n) \
             CROSS JOIN LATERAL (SELECT e.scope, e.metadata -> 'source' AS source, \
                 CASE WHEN jsonb_typeof(e.metadata -> 'place') = 'number' AND length(e.metadata ->> 'place') <= 15 \
                      THEN (e.metadata ->> 'place')::numeric END AS place \
                 FROM {name} e WHERE e.tenant_id = {TENANT} AND e.id = i.id OFFSET 0) AS e \
             LEFT JOIN LATERAL {} AS b ON true LEFT JOIN LATERAL {} AS a ON true \
             WHERE e.source IS NOT NULL AND e.place IS NOT NULL",
            side("-"),
            side("+")
        )
    }
}

/// The vectors of rows by id: position, vector.
pub fn embeddings(table: &str, halves: bool) -> String {
    let column = if halves { "embedding_half" } else { "embedding" };
    format!(
        "SELECT i.n, v.embedding FROM unnest({IDS}) WITH ORDINALITY AS i (id, n) \
         CROSS JOIN LATERAL (SELECT v.{column} AS embedding FROM {table} v \
         WHERE v.tenant_id = {TENANT} AND v.id = i.id OFFSET 0) AS v"
    )
}

/// A lexeme of a `tsquery`.
fn quoted(lexeme: &[u8]) -> String {
    let text = String::from_utf8_lossy(lexeme);
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// The text of a `tsquery` for any of some lexemes.
pub fn any(lexemes: &[&[u8]]) -> String {
    lexemes.iter().map(|lexeme| quoted(lexeme)).collect::<Vec<_>>().join(" | ")
}

/// For all of one set at least, each member of which is any of some lexemes.
pub fn any_set(sets: &[Vec<Vec<&[u8]>>]) -> String {
    let all = |set: &Vec<Vec<&[u8]>>| {
        set.iter().map(|lexemes| format!("({})", any(lexemes))).collect::<Vec<_>>().join(" & ")
    };
    sets.iter().map(|set| format!("({})", all(set))).collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(conditions: Conditions, strict: Strict) -> Table {
        Table { name: "llmspell.t".to_owned(), source: Source::Episodes, conditions, strict }
    }

    #[test]
    fn texts() {
        let expired = Conditions { with_expired: true, ..Conditions::default() };
        assert_eq!(
            table(expired, Strict::Nothing).pass(&Ask::All),
            "SELECT t.id, t.fts, t.language, true FROM llmspell.t t WHERE t.tenant_id = $2 AND t.fts IS NOT NULL"
        );
        let narrow = Conditions { role: true, ..Conditions::default() };
        let text = table(narrow, Strict::OfItsLanguage).pass(&Ask::Newest(9));
        for part in ["t.role = $8", "now()", "array_position($10, t.language)", "LIMIT $14"] {
            assert!(text.contains(part), "{part}");
        }
        let wanted = Wanted { words: false, age: true };
        let vectors = Vectors::of("public", "<=>", "llmspell.v".to_owned());
        let text = table(expired, Strict::One).details(wanted, Some(&vectors));
        for part in
            ["NULL::tsvector", "$13 - t.occurred_at", "v.embedding OPERATOR(public.<=>) $1", "($11)[1]"]
        {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn items_have_their_vectors_beside_them() {
        let scoped = Conditions { scope: true, contained: true, ..Conditions::default() };
        let items = Table { source: Source::Items, ..table(scoped, Strict::Nothing) };
        let vectors = Vectors::of("public", "<=>", String::new());
        let text = items.nearest(&vectors);
        for part in
            ["t.namespace >= $3", "_item_subtree_end($3)", "t.value OPERATOR(llmspell.@>) $4", "LIMIT $14"]
        {
            assert!(text.contains(part), "{part}");
        }
        let wanted = Wanted { words: true, age: false };
        let text = items.details(wanted, Some(&vectors));
        assert!(
            text.contains("min(e.vector OPERATOR(public.<=>) $1)")
                && !text.contains("JOIN LATERAL (SELECT v.")
        );
    }

    #[test]
    fn queries() {
        assert_eq!(any(&[b"a'b", b"c\\d"]), "'a''b' | 'c\\\\d'");
        assert_eq!(
            any_set(&[vec![vec![b"a"], vec![b"b", b"c"]], vec![vec![b"d"]]]),
            "(('a') & ('b' | 'c')) | (('d'))"
        );
    }
}
