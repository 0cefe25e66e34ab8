//! The text of the properties of a fact: what is shown of it, and whose words it is found by.

use crate::json::canonical::Token;

/// So much of the properties becomes text, in bytes.
const MOST: usize = 60_000;

/// Takes a document token by token: `job: analyst; tags: a, b; address city: Paris`.
#[derive(Default)]
pub struct Text {
    text: String,
    /// The keys of the objects around, and of the value that comes.
    keys: Vec<String>,
    label: Option<String>,
}

/// There is text enough.
pub struct Enough;

impl Text {
    pub fn push(&mut self, token: Token<'_>) -> Result<(), Enough> {
        match token {
            Token::BeginObject => self.keys.push(String::new()),
            Token::EndObject => {
                self.keys.pop();
            }
            Token::Key(key) => {
                if let Some(last) = self.keys.last_mut() {
                    *last = key.replace('_', " ");
                }
            }
            Token::Bool(value) => self.value(if value { "true" } else { "false" }),
            Token::Number(value) | Token::Text(value) => self.value(value),
            Token::BeginArray | Token::EndArray | Token::Null => {}
        }
        if self.text.len() < MOST { Ok(()) } else { Err(Enough) }
    }

    fn value(&mut self, value: &str) {
        let label = self.keys.iter().filter(|key| !key.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        if self.label.as_ref() == Some(&label) {
            self.text.push_str(", ");
        } else {
            if self.label.is_some() {
                self.text.push_str("; ");
            }
            self.text.push_str(&label);
            if !label.is_empty() {
                self.text.push_str(": ");
            }
            self.label = Some(label);
        }
        let room = MOST.saturating_sub(self.text.len());
        self.text.push_str(&value[..value.floor_char_boundary(room)]);
        // A label may be long, too.
        self.text.truncate(self.text.floor_char_boundary(MOST));
    }

    pub fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tokens: &[Token<'_>]) -> String {
        let mut text = Text::default();
        for token in tokens {
            if text.push(*token).is_err() {
                break;
            }
        }
        text.finish()
    }

    #[test]
    fn keys_and_values() {
        use Token::*;
        let address = [Key("home_address"), BeginObject, Key("city"), Text("Paris"), EndObject];
        let list = [Key("tags"), BeginArray, Text("a"), Number("2"), Null, EndArray];
        let whole = [
            &[BeginObject, Key("job"), Text("analyst")][..],
            &list,
            &address,
            &[Key("ok"), Bool(true), EndObject],
        ]
        .concat();
        assert_eq!(of(&whole), "job: analyst; tags: a, 2; home address city: Paris; ok: true");
        assert_eq!(of(&[BeginObject, EndObject]), "");
        assert_eq!(of(&[Text("bare")]), "bare");
    }

    #[test]
    fn long_ones_end() {
        let long = "é".repeat(MOST);
        let text =
            of(&[Token::BeginObject, Token::Key("a"), Token::Text(&long), Token::Key("b"), Token::Text("x")]);
        assert!(text.len() <= MOST && text.len() > MOST - 4);
        let text = of(&[Token::BeginObject, Token::Key(&long), Token::Text("x")]);
        assert!(text.len() <= MOST && text.len() > MOST - 4);
    }
}
