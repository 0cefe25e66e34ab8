//! The statements that read what was found. Their text holds nothing of a user's but the quoted names of tables.

use super::kind::Kind;

/// Parameters, the same in every statement; not each uses all.
pub const TENANT: &str = "$1";
pub const IDS: &str = "$2";
pub const MOST_BYTES: &str = "$3";
pub const MOST_TOKENS: &str = "$4";
pub const VALID_AT: &str = "$5";
pub const KNOWN_AT: &str = "$6";

const LIVES: &str = "(t.expires_at IS NULL OR t.expires_at > now())";

/// The versions of the graph that hold.
fn holds(alias: &str, known: bool) -> String {
    let believed = if known {
        format!("{alias}.transaction_time_start <= {KNOWN_AT} AND {alias}.transaction_time_end > {KNOWN_AT}")
    } else {
        format!("{alias}.transaction_time_end = 'infinity'")
    };
    format!("{alias}.valid_time_start <= {VALID_AT} AND {alias}.valid_time_end > {VALID_AT} AND {believed}")
}

/// Where the rows of a kind are.
pub struct Place<'a> {
    pub kind: Kind,
    /// Of documents the table of their space, quoted, with its schema.
    pub table: &'a str,
    pub known: bool,
}

impl Place<'_> {
    /// The rows of ids with their positions, as `i.n` and `t`.
    fn rows(&self) -> String {
        let with = |rows: String| {
            format!("FROM unnest({IDS}) WITH ORDINALITY AS i (id, n) CROSS JOIN LATERAL ({rows}) AS t")
        };
        match self.kind {
            Kind::Episode => with(format!(
                "SELECT t.* FROM llmspell.episodes t WHERE t.tenant_id = {TENANT} AND t.id = i.id AND {LIVES} OFFSET 0"
            )),
            Kind::Document => with(format!(
                "SELECT t.* FROM {} t WHERE t.tenant_id = {TENANT} AND t.id = i.id AND {LIVES} OFFSET 0",
                self.table
            )),
            Kind::Entity => with(format!(
                "SELECT t.* FROM llmspell.entities t WHERE t.tenant_id = {TENANT} AND t.entity_id = ANY (ARRAY[i.id]) AND {} \
                 ORDER BY t.transaction_time_start DESC LIMIT 1",
                holds("t", self.known)
            )),
            Kind::Relationship => {
                let end = |name: &str, column: &str| {
                    format!(
                        "CROSS JOIN LATERAL (SELECT e.name FROM llmspell.entities e WHERE e.tenant_id = {TENANT} AND e.entity_id = ANY (ARRAY[t.{column}]) \
                         AND {} ORDER BY e.transaction_time_start DESC LIMIT 1) AS {name}",
                        holds("e", self.known)
                    )
                };
                let rows = with(format!(
                    "SELECT t.* FROM llmspell.relationships t WHERE t.tenant_id = {TENANT} AND t.relationship_id = ANY (ARRAY[i.id]) AND {} \
                     ORDER BY t.transaction_time_start DESC LIMIT 1",
                    holds("t", self.known)
                ));
                format!("{rows} {} {}", end("f", "from_entity"), end("g", "to_entity"))
            }
            // Known by scope, key and value; few of a tenant are learned.
            Kind::Pattern => format!(
                "FROM (SELECT t.* FROM llmspell.procedural_patterns t WHERE t.tenant_id = {TENANT} AND t.frequency >= 3 \
                     AND t.pattern_id = ANY ({IDS}) OFFSET 0) AS t \
                 CROSS JOIN LATERAL (SELECT array_position({IDS}, t.pattern_id)::bigint AS n) AS i"
            ),
        }
    }

    fn content(&self) -> &'static str {
        match self.kind {
            Kind::Episode | Kind::Document => "t.content",
            Kind::Entity => "llmspell_internal._entity_content(t.entity_type, t.name, t.properties)",
            Kind::Relationship => {
                "llmspell_internal._relationship_content(t.relationship_type, f.name, g.name, t.properties)"
            }
            Kind::Pattern => "llmspell_internal._pattern_content(t.scope, t.key, t.value)",
        }
    }

    /// Position, text, tokens as the client counted them, session. A text that is too long for the budget is not read.
    pub fn texts(&self) -> String {
        let (content, rows) = (self.content(), self.rows());
        match self.kind {
            Kind::Episode | Kind::Document => {
                let session = if self.kind == Kind::Episode { "t.session_id::text" } else { "NULL::text" };
                format!(
                    "SELECT i.n, CASE WHEN c.tokens <= {MOST_TOKENS} OR c.tokens IS NULL AND octet_length({content}) <= {MOST_BYTES} THEN {content} END, \
                         c.tokens, {session} {rows} \
                     CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(t.metadata -> 'tokens') = 'number' \
                         THEN CASE WHEN t.metadata ->> 'tokens' ~ '^[1-9][0-9]{{0,7}}$' THEN (t.metadata ->> 'tokens')::int END END AS tokens) AS c \
                     WHERE {content} IS NOT NULL"
                )
            }
            _ => format!("SELECT i.n, {content}, NULL::int, NULL::text {rows}"),
        }
    }

    /// Position, text, when it happened, its period, source, session, role, scope, metadata.
    pub fn whole(&self) -> String {
        let (content, rows) = (self.content(), self.rows());
        let period = "NULLIF(t.valid_time_start, '-infinity'), NULLIF(t.valid_time_end, 'infinity')";
        let none = "NULL::timestamptz, NULL::timestamptz";
        let rest = match self.kind {
            Kind::Episode => format!(
                "t.occurred_at, {none}, t.metadata ->> 'source', llmspell_internal._session_key(t.session_id), t.role::text, NULL::text, t.metadata"
            ),
            Kind::Document => format!(
                "coalesce(t.event_time, t.created_at), {none}, t.metadata ->> 'source', NULL::text, NULL::text, t.scope::text, t.metadata"
            ),
            Kind::Entity | Kind::Relationship => format!(
                "NULLIF(t.valid_time_start, '-infinity'), {period}, t.source_kind || ':' || t.source_id, NULL::text, NULL::text, NULL::text, t.properties"
            ),
            Kind::Pattern => format!(
                "t.last_seen, {none}, NULL::text, NULL::text, NULL::text, t.scope::text, jsonb_build_object('key', t.key, 'value', t.value, 'frequency', t.frequency)"
            ),
        };
        format!("SELECT i.n, {content}, {rest} {rows}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::kind::KINDS;
    use super::*;

    #[test]
    fn every_kind_reads_the_tenants_rows() {
        for (kind, known) in KINDS.into_iter().flat_map(|kind| [(kind, false), (kind, true)]) {
            let place = Place { kind, table: "llmspell.\"x\"", known };
            for text in [place.texts(), place.whole()] {
                assert!(text.contains("t.tenant_id = $1"), "{text}");
            }
        }
        let past = Place { kind: Kind::Relationship, table: "", known: true }.whole();
        assert_eq!(past.matches("transaction_time_end > $6").count(), 3);
    }
}
