//! Whether a document is as a filter says.

use std::cmp::Ordering;

use super::language::{Filter, Literal, Test};
use crate::interrupts::polled;
use crate::json::binary::Value;

impl Filter {
    /// Of a document, given without its length word. Only an object is as any filter says.
    pub fn matches(&self, document: &[u8]) -> bool {
        let value = Value::of_document(document);
        matches!(value, Value::Object(_)) && self.holds(self.root, Some(value))
    }

    /// The depth of the filter, which is limited, bounds the recursion.
    fn holds(&self, test: usize, value: Option<Value<'_>>) -> bool {
        let Some(test) = self.tests.get(test) else { return false };
        match test {
            Test::Member(key, test) => self.holds(
                *test,
                match value {
                    Some(Value::Object(object)) => object.get(key),
                    _ => None,
                },
            ),
            Test::All(tests) => tests.iter().all(|test| self.holds(*test, value)),
            Test::Any(tests) => tests.iter().any(|test| self.holds(*test, value)),
            Test::Not(test) => !self.holds(*test, value),
            Test::Exists(is) => value.is_some() == *is,
            _ => value.is_some_and(|value| test.holds(&value)),
        }
    }
}

impl Test {
    fn holds(&self, value: &Value<'_>) -> bool {
        match self {
            Self::Contains(part) => value.contains(&part.value()),
            Self::Equals(literal) => value.equals(&literal.value()),
            Self::Compares(orders, literal) => {
                order(value, &literal.value()).is_some_and(|order| orders.contains(&order))
            }
            Self::In(list) => {
                is_listed(list, value)
                    || matches!(value, Value::Array(array) if polled(array.elements()).any(|it| is_listed(list, &it)))
            }
            Self::Like(pattern) => matches!(value, Value::Text(text) if pattern.matches(text)),
            _ => false,
        }
    }
}

/// Of two numbers or two texts.
fn order(one: &Value<'_>, two: &Value<'_>) -> Option<Ordering> {
    match (one, two) {
        (Value::Number(_), Value::Number(_)) | (Value::Text(_), Value::Text(_)) => Some(one.order(two)),
        _ => None,
    }
}

fn is_listed(list: &[Literal], value: &Value<'_>) -> bool {
    list.binary_search_by(|member| member.value().order(value)).is_ok()
}
