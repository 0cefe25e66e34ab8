//! The routing rules of the guide, by the first that fits:
//! `agent:<type>:<id>`, `custom:workflow_<id>:state`, `session:<uuid>`, and the key-value store.

use uuid::Uuid;

use crate::sessions::id;
use crate::text::shown;

/// Where a key leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route<'a> {
    Agent { agent_type: &'a str, agent_id: &'a str },
    Kv,
    Session { session_id: Uuid },
    Workflow { workflow_id: &'a str },
}

/// The shape of a key of a routed store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Form {
    #[error("an agent key is agent:<type>:<id>")]
    Agent,
    #[error("a workflow key is custom:workflow_<id>:state")]
    Workflow,
}

/// A key of a routed store that does not name one of its rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed key \"{}\": {form}", shown::start(.key))]
pub struct Invalid {
    pub key: String,
    pub form: Form,
}

/// Returns where `key` leads.
pub fn route(key: &str) -> Result<Route<'_>, Invalid> {
    choose(key).map_err(|form| Invalid { key: key.to_owned(), form })
}

fn choose(key: &str) -> Result<Route<'_>, Form> {
    if let Some(rest) = key.strip_prefix("agent:") {
        return match rest.split_once(':') {
            Some((agent_type, agent_id))
                if !agent_type.is_empty() && !agent_id.is_empty() && !agent_id.contains(':') =>
            {
                Ok(Route::Agent { agent_type, agent_id })
            }
            _ => Err(Form::Agent),
        };
    }
    if let Some(rest) = key.strip_prefix("custom:workflow_") {
        return match rest.strip_suffix(":state") {
            Some(workflow_id) if !workflow_id.is_empty() && !workflow_id.contains(':') => {
                Ok(Route::Workflow { workflow_id })
            }
            _ => Err(Form::Workflow),
        };
    }
    // Other keys under session: belong to the key-value store, other spellings of a UUID among them.
    let session = key.strip_prefix("session:").and_then(id::read);
    Ok(session.map_or(Route::Kv, |session_id| Route::Session { session_id }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn routes() {
        assert_eq!(route("agent:chat:a1"), Ok(Route::Agent { agent_type: "chat", agent_id: "a1" }));
        assert_eq!(route("custom:workflow_w1:state"), Ok(Route::Workflow { workflow_id: "w1" }));
        let session_id = Uuid::from_u128(7);
        assert_eq!(route(&format!("session:{session_id}")), Ok(Route::Session { session_id }));
        for key in [
            "",
            "agents:x",
            "session:notauuid",
            "session:00000000-0000-0000-0000-000000000007:x",
            "session:urn:uuid:00000000-0000-0000-0000-000000000007",
            "session:00000000000000000000000000000007",
            "custom:x",
            "user:1",
        ] {
            assert_eq!(route(key), Ok(Route::Kv), "{key}");
        }
    }

    #[test]
    fn malformed() {
        for key in ["agent:", "agent:chat", "agent::a", "agent:chat:", "agent:chat:a:b"] {
            assert_eq!(choose(key), Err(Form::Agent), "{key}");
        }
        for key in [
            "custom:workflow_",
            "custom:workflow_w",
            "custom:workflow_:state",
            "custom:workflow_w:checkpoint",
            "custom:workflow_w:x:state",
        ] {
            assert_eq!(choose(key), Err(Form::Workflow), "{key}");
        }
    }

    #[test]
    fn a_message_names_key_and_form() {
        let message = route("agent:chat").unwrap_err().to_string();
        assert_eq!(message, "malformed key \"agent:chat\": an agent key is agent:<type>:<id>");
    }

    proptest! {
        #[test]
        fn every_key_has_an_answer(key in "(agent:|custom:workflow_|session:)?\\PC{0,20}(:state)?") {
            if let Ok(Route::Agent { agent_type, agent_id }) = route(&key) {
                prop_assert_eq!(format!("agent:{agent_type}:{agent_id}"), key);
            }
        }
    }
}
