//! The guide's own driver with the guide's own raw statements, binding by type: what an existing
//! client sends must find what it expects. Prints result lines for tests/run.

use std::error::Error;
use std::process::exit;

use chrono::{DateTime, Datelike, TimeZone, Timelike, Utc};
use serde_json::{Value, json};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

type Outcome = Result<(), Box<dyn Error>>;

macro_rules! equal {
    ($got:expr, $wanted:expr) => {
        let (got, wanted) = ($got, $wanted);
        if got != wanted {
            return Err(format!("line {}: got {got:?}, wanted {wanted:?}", line!()).into());
        }
    };
}

async fn connect(user: Option<&str>) -> Result<Client, Box<dyn Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|e| format!("{name}: {e}"));
    let mut config = tokio_postgres::Config::new();
    config.host(variable("PGHOST")?).port(variable("PGPORT")?.parse()?).dbname(variable("PGDATABASE")?);
    config.user(user.map_or_else(|| variable("PGUSER"), |name| Ok(name.to_owned()))?);
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn tenant(client: &Client, name: &str) -> Outcome {
    let row = client.query_one("SELECT set_config('app.current_tenant_id', $1, false)", &[&name]).await?;
    equal!(row.get::<_, String>(0), name);
    Ok(())
}

async fn kv(client: &Client) -> Outcome {
    let upsert = client
        .prepare(
            "INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ($1, $2, $3)
             ON CONFLICT (tenant_id, key) DO UPDATE SET value = EXCLUDED.value, updated_at = now()",
        )
        .await?;
    let bytes: Vec<u8> = (0..=255).collect();
    for (i, value) in [bytes.clone(), vec![], bytes].iter().enumerate() {
        equal!(client.execute(&upsert, &[&"t", &"custom:key", value]).await?, 1);
        let row = client
            .query_one(
                "SELECT value, version FROM llmspell.kv_store WHERE tenant_id = $1 AND key = $2",
                &[&"t", &"custom:key"],
            )
            .await?;
        equal!(&row.get::<_, Vec<u8>>(0), value);
        equal!(row.get::<_, i64>(1), i as i64 + 1);
    }
    let keys = client
        .query(
            "SELECT key FROM llmspell.kv_store WHERE tenant_id = $1 AND key LIKE $2 ORDER BY key",
            &[&"t", &"custom:%"],
        )
        .await?;
    equal!(keys.iter().map(|r| r.get::<_, String>(0)).collect::<Vec<_>>(), ["custom:key"]);
    let found = client
        .query_one(
            "SELECT EXISTS(SELECT 1 FROM llmspell.kv_store WHERE tenant_id = $1 AND key = $2)",
            &[&"t", &"no"],
        )
        .await?;
    equal!(found.get::<_, bool>(0), false);
    equal!(
        client
            .execute(
                "DELETE FROM llmspell.kv_store WHERE tenant_id = $1 AND key = $2",
                &[&"t", &"custom:key"]
            )
            .await?,
        1
    );
    Ok(())
}

async fn kv_functions(client: &Client) -> Outcome {
    let row = client
        .query_one(
            "SELECT * FROM llmspell.kv_set($1, $2, $3, $4)",
            &[&"f", &vec![0u8, 255], &Some(json!({"a": [1, "é"]})), &Some(0i64)],
        )
        .await?;
    row.try_get::<_, Uuid>("kv_id")?;
    equal!((row.get::<_, i64>("version"), row.get::<_, bool>("created")), (1, true));
    let row = client.query_one("SELECT * FROM llmspell.kv_get($1)", &[&"f"]).await?;
    equal!(row.get::<_, Vec<u8>>("value"), [0, 255]);
    equal!(row.get::<_, Option<Value>>("metadata"), Some(json!({"a": [1, "é"]})));
    equal!(row.get::<_, Option<DateTime<Utc>>>("expires_at"), None);
    let rows = client
        .query("SELECT * FROM llmspell.kv_set_many($1, $2)", &[&vec!["g", "f"], &vec![vec![1u8], vec![2u8]]])
        .await?;
    let got: Vec<(String, i64)> = rows.iter().map(|r| (r.get("key"), r.get("version"))).collect();
    equal!(got, [("f".to_owned(), 2), ("g".to_owned(), 1)]);
    let error = client
        .query("SELECT * FROM llmspell.kv_set($1, $2, NULL, $3)", &[&"f", &vec![0u8], &Some(9i64)])
        .await
        .err()
        .ok_or("no conflict")?;
    let error = error.as_db_error().ok_or("no database error")?;
    equal!(error.code().code(), "LS409");
    equal!(error.detail(), Some("expected version 9, current version 2"));
    equal!(client.query_one("SELECT llmspell.kv_delete_prefix('')", &[]).await?.get::<_, i64>(0), 2);
    Ok(())
}

async fn session(client: &Client) -> Outcome {
    let id = Uuid::new_v4();
    let now = Utc::now().with_nanosecond(123_456_000).ok_or("no time")?;
    let upsert = "INSERT INTO llmspell.sessions
            (tenant_id, session_id, session_data, status, created_at, last_accessed_at, expires_at, artifact_count)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, session_id) DO UPDATE SET session_data = EXCLUDED.session_data, status = EXCLUDED.status,
            last_accessed_at = EXCLUDED.last_accessed_at, expires_at = EXCLUDED.expires_at, artifact_count = EXCLUDED.artifact_count";
    for status in ["active".to_owned(), "archived".to_owned()] {
        let data = json!({"metadata": {"status": status}});
        client
            .execute(
                upsert,
                &[&"t".to_owned(), &id, &data, &status, &now, &now, &None::<DateTime<Utc>>, &0i32],
            )
            .await?;
        let row = client
            .query_one(
                "SELECT session_data, status, created_at, expires_at, artifact_count FROM llmspell.sessions WHERE tenant_id = $1 AND session_id = $2",
                &[&"t", &id],
            )
            .await?;
        equal!(row.get::<_, Value>(0), data);
        equal!(row.get::<_, String>(1), status);
        equal!(row.get::<_, DateTime<Utc>>(2), now);
        equal!(row.get::<_, Option<DateTime<Utc>>>(3), None);
        equal!(row.get::<_, i32>(4), 0);
    }
    // Content first, then the artifact, as the guide's client does.
    let hash = "ab".repeat(32);
    let content = "INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes, is_compressed)
         VALUES ($1, $2, 'bytea', $3, $4, $5) ON CONFLICT (tenant_id, content_hash) DO NOTHING";
    for n in [1, 0] {
        equal!(client.execute(content, &[&"t", &hash, &vec![1u8, 2], &2i64, &false]).await?, n);
    }
    for sequence in 0..2i64 {
        client
            .execute(
                "INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name,
                    artifact_type, mime_type, size_bytes, created_by, tags) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                &[&"t", &format!("{id}:{sequence}:{hash}"), &id, &sequence, &hash, &json!({}), &"n", &"text", &"text/plain", &2i64,
                    &None::<String>, &vec!["a".to_owned()]],
            )
            .await?;
    }
    client
        .execute(upsert, &[&"t".to_owned(), &id, &json!({}), &"active", &now, &now, &Some(now), &77i32])
        .await?;
    let counts =
        "SELECT s.artifact_count, c.reference_count FROM llmspell.sessions s, llmspell.artifact_content c
         WHERE s.session_id = $1 AND c.content_hash = $2";
    let row = client.query_one(counts, &[&id, &hash]).await?;
    equal!((row.get::<_, i32>(0), row.get::<_, i32>(1)), (2, 3));
    equal!(
        client
            .execute(
                "DELETE FROM llmspell.artifacts WHERE tenant_id = $1 AND artifact_id LIKE $2",
                &[&"t", &format!("{id}:1:%")]
            )
            .await?,
        1
    );
    let row = client.query_one(counts, &[&id, &hash]).await?;
    equal!((row.get::<_, i32>(0), row.get::<_, i32>(1)), (1, 2));
    equal!(
        client
            .execute("DELETE FROM llmspell.sessions WHERE tenant_id = $1 AND session_id = $2", &[&"t", &id])
            .await?,
        1
    );
    let row = client
        .query_one("SELECT reference_count FROM llmspell.artifact_content WHERE content_hash = $1", &[&hash])
        .await?;
    equal!(row.get::<_, i32>(0), 1);
    equal!(client.query_one("SELECT count(*) FROM llmspell.artifacts", &[]).await?.get::<_, i64>(0), 0);
    Ok(())
}

async fn agent_and_workflow(client: &Client) -> Outcome {
    let agent = "INSERT INTO llmspell.agent_states (tenant_id, agent_id, agent_type, state_data, checksum) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, agent_id) DO UPDATE SET state_data = EXCLUDED.state_data, checksum = EXCLUDED.checksum, updated_at = now()";
    for (state, version) in [(json!({"n": 1}), 1i32), (json!({"n": 1}), 1), (json!({"n": 2}), 2)] {
        client.execute(agent, &[&"t", &"agent-1", &"kind", &state, &"00".repeat(32)]).await?;
        let row = client
            .query_one(
                "SELECT state_data, schema_version, data_version FROM llmspell.agent_states WHERE tenant_id = $1 AND agent_id = $2",
                &[&"t", &"agent-1"],
            )
            .await?;
        equal!((row.get::<_, Value>(0), row.get::<_, i32>(1), row.get::<_, i32>(2)), (state, 1, version));
    }
    let workflow = "INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, state_data, current_step, status) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, workflow_id) DO UPDATE SET state_data = EXCLUDED.state_data, current_step = EXCLUDED.current_step,
            status = EXCLUDED.status, last_updated = now()";
    for (step, status, started, completed) in
        [(0i32, "pending", false, false), (1, "running", true, false), (2, "completed", true, true)]
    {
        client.execute(workflow, &[&"t", &"w", &json!({"step": step}), &step, &status]).await?;
        let row = client
            .query_one("SELECT current_step, status, started_at, completed_at FROM llmspell.workflow_states WHERE workflow_id = $1", &[&"w"])
            .await?;
        equal!((row.get::<_, i32>(0), row.get::<_, String>(1)), (step, status.to_owned()));
        equal!(row.get::<_, Option<DateTime<Utc>>>(2).is_some(), started);
        equal!(row.get::<_, Option<DateTime<Utc>>>(3).is_some(), completed);
    }
    let error = client
        .execute(workflow, &[&"t", &"w", &json!({}), &0i32, &"Completed"])
        .await
        .err()
        .ok_or("no error")?;
    equal!(error.code(), Some(&SqlState::CHECK_VIOLATION));
    let row = client
        .query_one(
            "INSERT INTO llmspell.procedural_patterns (tenant_id, scope, key, value, frequency, first_seen, last_seen)
             VALUES ($1, $2, $3, $4, 1, $5, $5)
             ON CONFLICT (tenant_id, scope, key, value) DO UPDATE
             SET frequency = llmspell.procedural_patterns.frequency + 1, last_seen = EXCLUDED.last_seen RETURNING frequency",
            &[&"t", &"global", &"k", &"v", &Utc::now()],
        )
        .await?;
    equal!(row.get::<_, i32>(0), 1);
    Ok(())
}

async fn events(client: &Client) -> Outcome {
    let made: Vec<String> =
        client.query_one("SELECT llmspell.ensure_future_event_log_partitions()", &[]).await?.get(0);
    equal!(made.len(), 4);
    equal!(made.iter().all(|text| text.starts_with("CREATED: ") || text.starts_with("SKIPPED: ")), true);
    let again: Vec<String> =
        client.query_one("SELECT llmspell.ensure_future_event_log_partitions()", &[]).await?.get(0);
    equal!(again.iter().all(|text| text.starts_with("SKIPPED: ")), true);
    let first = |year, month| Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0).single().ok_or("no date");
    let last_year = Utc::now().year() - 1;
    let (start, end) = (first(last_year, 11)?, first(last_year, 12)?);
    let text: String =
        client.query_one("SELECT llmspell.create_event_log_partition($1, $2)", &[&start, &end]).await?.get(0);
    equal!(text.contains(&format!("event_log_{last_year}_11")), true);
    let event = Uuid::new_v4();
    let correlation = Uuid::new_v4();
    for (i, at) in [start, Utc::now()].iter().enumerate() {
        let payload = json!({"id": event.to_string(), "sequence": i});
        client
            .execute(
                "INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                &[&"t", &event, &"agent.done", &correlation, at, &(i as i64), &"rust", &payload],
            )
            .await?;
    }
    let rows = client
        .query(
            "SELECT payload FROM llmspell.event_log WHERE tenant_id = $1 AND correlation_id = $2 AND timestamp >= $3 AND timestamp <= $4 ORDER BY sequence ASC",
            &[&"t", &correlation, &start, &Utc::now()],
        )
        .await?;
    equal!(
        rows.iter().map(|r| r.get::<_, Value>(0)["sequence"].as_i64()).collect::<Vec<_>>(),
        [Some(0), Some(1)]
    );
    let row = client
        .query_one(
            "SELECT COUNT(*), MIN(timestamp), MAX(timestamp) FROM llmspell.event_log WHERE tenant_id = $1",
            &[&"t"],
        )
        .await?;
    equal!((row.get::<_, i64>(0), row.get::<_, DateTime<Utc>>(1)), (2, start));
    Ok(())
}

async fn other_tables(client: &Client) -> Outcome {
    let id = Uuid::new_v4();
    let row = client
        .query_one(
            "INSERT INTO llmspell.entities (entity_id, tenant_id, entity_type, name, properties, valid_time_start, transaction_time_start)
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING entity_id",
            &[&id, &"t", &"person", &"Ada", &json!({"born": 1815}), &Utc::now(), &Utc::now()],
        )
        .await?;
    equal!(row.get::<_, Uuid>(0), id);
    client
        .execute(
            "INSERT INTO llmspell.hook_history (execution_id, tenant_id, hook_id, hook_type, correlation_id, hook_context, result_data, timestamp,
                duration_ms, triggering_component, component_id, modified_operation, tags, retention_priority, context_size, contains_sensitive_data, metadata)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            &[&id, &"t", &"h", &"before", &id, &vec![1u8, 2, 3, 4, 5], &json!({}), &Utc::now(), &5i32, &"agent", &"a", &false,
                &vec!["x".to_owned()], &0i32, &5i32, &false, &json!({})],
        )
        .await?;
    client
        .execute(
            "INSERT INTO llmspell.api_keys (key_id, tenant_id, service, encrypted_key, key_metadata, created_at, is_active, usage_count)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[&"k", &"t", &"openai", &vec![0u8], &json!("openai"), &Utc::now(), &true, &0i64],
        )
        .await?;
    let migrated: i32 =
        client.query_one("SELECT MAX(version) FROM llmspell.refinery_schema_history", &[]).await?.get(0);
    equal!(migrated, 15);
    let row = client
        .query_one("SELECT llmspell.current_tenant(), llmspell.migration_version(), llmspell.status()", &[])
        .await?;
    equal!((row.get::<_, Option<String>>(0), row.get::<_, i32>(1)), (Some("t".to_owned()), 15));
    equal!(row.get::<_, Value>(2)["rows"]["api_keys"].as_i64(), Some(1));
    Ok(())
}

async fn cleared(client: &Client) -> Outcome {
    tenant(client, "").await?;
    equal!(client.query_one("SELECT count(*) FROM llmspell.sessions", &[]).await?.get::<_, i64>(0), 0);
    let error = client
        .execute(
            "INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ($1, $2, $3)",
            &[&"t", &"k", &vec![0u8]],
        )
        .await
        .err()
        .ok_or("no error")?;
    equal!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let role = format!("clients_test_tokio_{}", std::process::id());
    let mut failed = false;
    let mut report = |name: &str, outcome: Outcome| match outcome {
        Ok(()) => println!("ok clients/test_tokio: {name}"),
        Err(error) => {
            failed = true;
            println!("not ok clients/test_tokio: {name}: {}", told(&*error).replace('\n', " "));
        }
    };
    let server = match connect(None).await {
        Ok(server) => server,
        Err(error) => {
            println!("not ok clients/test_tokio: {error}");
            exit(1)
        }
    };
    let made = server.batch_execute(&format!("CREATE ROLE {role} LOGIN IN ROLE llmspell_app")).await;
    report("a login role of llmspell_app", made.map_err(Into::into));
    if let Ok(client) = connect(Some(&role)).await {
        report("set_config of the tenant", tenant(&client, "t").await);
        report("raw upsert of keys", kv(&client).await);
        report("kv functions by type", kv_functions(&client).await);
        report("raw upsert of sessions, contents and artifacts", session(&client).await);
        report("raw upsert of agents, workflows and patterns", agent_and_workflow(&client).await);
        report("partitions and events", events(&client).await);
        report("the other tables, migrations and status", other_tables(&client).await);
        report("a cleared tenant", cleared(&client).await);
    } else {
        report("the role connects", Err("no connection".into()));
    }
    let dropped = server.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    report("nothing is left", dropped.map_err(Into::into));
    exit(i32::from(failed))
}

/// tokio-postgres keeps what went wrong in the source of its error.
fn told(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
