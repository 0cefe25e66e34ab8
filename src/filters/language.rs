//! The language of filters: an object of what a document must contain, in which keys that begin with `$` are operators.

use std::cmp::Ordering;

use super::invalid::{CONDITIONS, ELEMENTS, Invalid, LISTED};
use super::like::Pattern;
use crate::interrupts::polled;
use crate::json::binary::{Container, Value};
use crate::json::number::Number;
use crate::text::shown;

/// A value that a filter names.
#[derive(Debug)]
pub enum Literal {
    Null,
    Bool(bool),
    Number(Box<[u8]>),
    Text(Box<[u8]>),
    Container(Box<[u8]>),
}

impl Literal {
    fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(is) => Self::Bool(*is),
            Value::Number(number) => Self::Number(number.0.into()),
            Value::Text(text) => Self::Text((*text).into()),
            Value::Array(container) | Value::Object(container) => Self::Container(container.bytes().into()),
        }
    }

    pub fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(is) => Value::Bool(*is),
            Self::Number(number) => Value::Number(Number(number)),
            Self::Text(text) => Value::Text(text),
            Self::Container(bytes) => Value::of_document(bytes),
        }
    }
}

/// A condition on a value, which may be missing. Others are named by their numbers, so that however deep a filter is,
/// nothing is freed by recursion.
#[derive(Debug)]
pub enum Test {
    /// What jsonb `@>` says inside of documents.
    Contains(Literal),
    Member(Box<[u8]>, usize),
    All(Vec<usize>),
    Any(Vec<usize>),
    Not(usize),
    Equals(Literal),
    /// Of the same type, and in one of two orders.
    Compares([Ordering; 2], Literal),
    /// One of a sorted list, or an array with an element that is.
    In(Vec<Literal>),
    Exists(bool),
    Like(Pattern),
}

/// A filter with operators.
#[derive(Debug)]
pub struct Filter {
    pub tests: Vec<Test>,
    pub root: usize,
}

/// Reads a filter, given without its length word; None where it has no operators. Its depth is checked before.
pub fn parse(bytes: &[u8]) -> Result<Option<Filter>, Invalid> {
    let mut reader = Reader::default();
    let root = match Value::of_document(bytes) {
        Value::Object(object) => reader.condition(object, false)?,
        other => return Err(Invalid::NoObject(other.kind())),
    };
    if reader.elements > ELEMENTS {
        return Err(Invalid::ManyElements(reader.elements));
    }
    if reader.listed > LISTED {
        return Err(Invalid::ManyListed(reader.listed));
    }
    Ok(root.map(|root| Filter { tests: reader.tests, root }))
}

#[derive(Default)]
struct Reader {
    tests: Vec<Test>,
    conditions: usize,
    elements: usize,
    listed: usize,
}

impl Reader {
    /// The test that an object stands for; None where it has no operators, also deeper.
    fn condition(&mut self, object: Container<'_>, below_key: bool) -> Result<Option<usize>, Invalid> {
        let (mut plain, mut tests) = (Vec::new(), Vec::new());
        let (mut compares, mut named) = (None, None);
        for (key, value) in polled(object.members()) {
            if key.starts_with(b"$") {
                let (test, is_logical) = self.operator(key, &value, below_key)?;
                tests.push(test);
                if !is_logical {
                    compares = Some(key);
                }
                continue;
            }
            named = Some(key);
            match value {
                Value::Object(inner) => match self.condition(inner, true)? {
                    Some(test) => tests.push(self.add(Test::Member(key.into(), test))?),
                    None => plain.push((key, value)),
                },
                _ => {
                    self.check_plain(&value)?;
                    plain.push((key, value));
                }
            }
        }
        if let (Some(operator), Some(key)) = (compares, named) {
            return Err(Invalid::Beside { operator: text(operator), key: text(key) });
        }
        if tests.is_empty() {
            return Ok(None);
        }
        for (key, value) in polled(plain) {
            let test = self.add(Test::Contains(Literal::of(&value)))?;
            tests.push(self.add(Test::Member(key.into(), test))?);
        }
        match tests[..] {
            [one] => Ok(Some(one)),
            _ => self.add(Test::All(tests)).map(Some),
        }
    }

    /// The test, and whether it is a logical one, which may stand beside keys.
    fn operator(&mut self, key: &[u8], value: &Value<'_>, below_key: bool) -> Result<(usize, bool), Invalid> {
        let logical = |test: Result<usize, Invalid>| test.map(|test| (test, true));
        match key {
            b"$and" => {
                return logical(
                    self.each("$and", value, below_key).and_then(|each| self.add(Test::All(each))),
                );
            }
            b"$or" => {
                return logical(
                    self.each("$or", value, below_key).and_then(|each| self.add(Test::Any(each))),
                );
            }
            b"$not" => {
                return logical(
                    self.inner("$not", value, below_key).and_then(|test| self.add(Test::Not(test))),
                );
            }
            _ => {}
        }
        let (operator, test, negate) = match key {
            b"$eq" => ("$eq", self.equals(value), false),
            b"$ne" => ("$ne", self.equals(value), true),
            b"$gt" => ("$gt", self.compares("$gt", value, [Ordering::Greater; 2])?, false),
            b"$gte" => ("$gte", self.compares("$gte", value, [Ordering::Greater, Ordering::Equal])?, false),
            b"$lt" => ("$lt", self.compares("$lt", value, [Ordering::Less; 2])?, false),
            b"$lte" => ("$lte", self.compares("$lte", value, [Ordering::Less, Ordering::Equal])?, false),
            b"$in" => ("$in", self.listed("$in", value)?, false),
            b"$nin" => ("$nin", self.listed("$nin", value)?, true),
            b"$exists" => match value {
                Value::Bool(is) => ("$exists", Test::Exists(*is), false),
                other => return Err(operand("$exists", "a boolean", other)),
            },
            b"$like" => match value {
                Value::Text(pattern) => ("$like", Test::Like(Pattern::new(pattern)?), false),
                other => return Err(operand("$like", "a text", other)),
            },
            _ => return Err(Invalid::Unknown(text(key))),
        };
        if !below_key {
            return Err(Invalid::NoKey(operator));
        }
        let test = self.add(test)?;
        let test = if negate { self.add(Test::Not(test))? } else { test };
        Ok((test, false))
    }

    fn each(
        &mut self,
        operator: &'static str,
        value: &Value<'_>,
        below_key: bool,
    ) -> Result<Vec<usize>, Invalid> {
        let Value::Array(array) = value else { return Err(operand(operator, "an array of objects", value)) };
        if array.len() == 0 {
            return Err(Invalid::Empty(operator));
        }
        polled(array.elements()).map(|element| self.inner(operator, &element, below_key)).collect()
    }

    /// The test that an operand of a logical operator stands for.
    fn inner(
        &mut self,
        operator: &'static str,
        value: &Value<'_>,
        below_key: bool,
    ) -> Result<usize, Invalid> {
        let Value::Object(object) = value else {
            let takes = if operator == "$not" { "an object" } else { "an array of objects" };
            return Err(operand(operator, takes, value));
        };
        match self.condition(*object, below_key)? {
            Some(test) => Ok(test),
            None => self.add(Test::Contains(Literal::of(value))),
        }
    }

    fn equals(&mut self, value: &Value<'_>) -> Test {
        self.count_elements(value);
        Test::Equals(Literal::of(value))
    }

    fn compares(
        &self,
        operator: &'static str,
        value: &Value<'_>,
        orders: [Ordering; 2],
    ) -> Result<Test, Invalid> {
        match value {
            Value::Number(_) | Value::Text(_) => Ok(Test::Compares(orders, Literal::of(value))),
            other => Err(operand(operator, "a number or a text", other)),
        }
    }

    fn listed(&mut self, operator: &'static str, value: &Value<'_>) -> Result<Test, Invalid> {
        let Value::Array(array) = value else { return Err(operand(operator, "an array", value)) };
        self.listed += array.len();
        let mut list = Vec::with_capacity(array.len());
        for member in polled(array.elements()) {
            self.count_elements(&member);
            list.push(Literal::of(&member));
        }
        list.sort_by(|one, two| one.value().order(&two.value()));
        Ok(Test::In(list))
    }

    /// Counts elements of arrays, and refuses operators in them.
    fn check_plain(&mut self, value: &Value<'_>) -> Result<(), Invalid> {
        match value {
            Value::Array(array) => {
                self.elements += array.len();
                polled(array.elements()).try_for_each(|element| self.check_plain(&element))
            }
            Value::Object(object) => polled(object.members()).try_for_each(|(key, member)| {
                if key.starts_with(b"$") {
                    return Err(Invalid::InArray(text(key)));
                }
                self.check_plain(&member)
            }),
            _ => Ok(()),
        }
    }

    fn count_elements(&mut self, value: &Value<'_>) {
        match value {
            Value::Array(array) => {
                self.elements += array.len();
                polled(array.elements()).for_each(|element| self.count_elements(&element));
            }
            Value::Object(object) => {
                polled(object.members()).for_each(|(_, member)| self.count_elements(&member))
            }
            _ => {}
        }
    }

    fn add(&mut self, test: Test) -> Result<usize, Invalid> {
        if !matches!(test, Test::Member(..) | Test::All(_) | Test::Any(_) | Test::Not(_)) {
            self.conditions += 1;
            if self.conditions > CONDITIONS {
                return Err(Invalid::ManyConditions);
            }
        }
        self.tests.push(test);
        Ok(self.tests.len() - 1)
    }
}

fn operand(operator: &'static str, takes: &'static str, given: &Value<'_>) -> Invalid {
    Invalid::Operand { operator, takes, given: given.kind() }
}

/// A key in a message.
fn text(key: &[u8]) -> String {
    shown::start(&String::from_utf8_lossy(key))
}
