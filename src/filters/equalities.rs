//! What every document that a filter finds contains, by which an index finds it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::language::{Filter, Test};
use crate::json::binary::{Value, in_order};
use crate::json::build::{Builder, Open};

#[derive(PartialEq, Eq)]
struct Key<'a>(&'a [u8]);

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        in_order(self.0, other.0)
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Part of a document.
enum Part<'a> {
    Is(Value<'a>),
    Members(BTreeMap<Key<'a>, Part<'a>>),
    Elements(Vec<Value<'a>>),
}

impl Filter {
    /// A document, without its length word, of the equalities that all must hold; None where there are none.
    pub fn equalities(&self) -> Option<Vec<u8>> {
        let mut found = None;
        self.gather(self.root, &mut found);
        let members = found?.members().ok().filter(|members| !members.is_empty())?;
        let mut builder = Builder::default();
        write_object(&mut builder, &members);
        Some(builder.finish())
    }

    fn gather<'a>(&'a self, test: usize, into: &mut Option<Part<'a>>) {
        match self.tests.get(test) {
            Some(Test::Contains(literal) | Test::Equals(literal)) => add(into, Part::Is(literal.value())),
            Some(Test::All(tests)) => tests.iter().for_each(|test| self.gather(*test, into)),
            Some(Test::Member(key, test)) => {
                let mut inner = None;
                self.gather(*test, &mut inner);
                if let Some(part) = inner {
                    add(into, Part::Members(BTreeMap::from([(Key(key), part)])));
                }
            }
            _ => {}
        }
    }
}

impl<'a> Part<'a> {
    fn members(self) -> Result<BTreeMap<Key<'a>, Self>, Self> {
        match self {
            Self::Members(members) => Ok(members),
            Self::Is(Value::Object(object)) => {
                Ok(object.members().map(|(key, value)| (Key(key), Self::Is(value))).collect())
            }
            other => Err(other),
        }
    }

    fn elements(self) -> Result<Vec<Value<'a>>, Self> {
        match self {
            Self::Elements(elements) => Ok(elements),
            Self::Is(Value::Array(array)) => Ok(array.elements().collect()),
            other => Err(other),
        }
    }

    /// What contains both; the first where nothing does, as the test of each document tells then.
    fn and(self, other: Self) -> Self {
        match (self.members(), other.members()) {
            (Ok(mut members), Ok(more)) => {
                // bounded: members of a filter.
                for (key, part) in more {
                    let merged = match members.remove(&key) {
                        Some(there) => there.and(part),
                        None => part,
                    };
                    members.insert(key, merged);
                }
                Self::Members(members)
            }
            (Err(one), Err(two)) => match (one.elements(), two.elements()) {
                (Ok(mut elements), Ok(more)) => {
                    elements.extend(more);
                    Self::Elements(elements)
                }
                (Ok(elements), Err(_)) => Self::Elements(elements),
                (Err(one), _) => one,
            },
            (Ok(members), Err(_)) => Self::Members(members),
            (Err(one), Ok(_)) => one,
        }
    }
}

fn add<'a>(into: &mut Option<Part<'a>>, part: Part<'a>) {
    *into = Some(match into.take() {
        Some(there) => there.and(part),
        None => part,
    });
}

fn write_object(builder: &mut Builder, members: &BTreeMap<Key<'_>, Part<'_>>) {
    let mut open = builder.object(members.len());
    members.keys().for_each(|key| builder.key(&mut open, key.0));
    members.values().for_each(|part| write(builder, &mut open, part));
}

fn write(builder: &mut Builder, open: &mut Open, part: &Part<'_>) {
    match part {
        Part::Is(value) => builder.value(open, value),
        Part::Members(members) => builder.inner(open, |builder| write_object(builder, members)),
        Part::Elements(elements) => builder.inner(open, |builder| {
            let mut open = builder.array(elements.len());
            elements.iter().for_each(|element| builder.value(&mut open, element));
        }),
    }
}
