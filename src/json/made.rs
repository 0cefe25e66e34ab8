//! For tests: documents in the binary form of jsonb, made of trees.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::binary::{Value, in_order};
use super::build::{Builder, Open};
use super::number::Number;

/// A decimal number as numeric has it, with its length word.
pub fn number(text: &str) -> Vec<u8> {
    let (is_negative, digits) = (text.starts_with('-'), text.trim_start_matches('-'));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = part.len() as u16;
    let whole = format!("{whole:0>width$}", width = whole.len().next_multiple_of(4));
    let part = format!("{part:0<width$}", width = part.len().next_multiple_of(4));
    let mut digits: Vec<u16> = format!("{whole}{part}")
        .as_bytes()
        .chunks(4)
        .map(|four| str::from_utf8(four).unwrap().parse().unwrap())
        .collect();
    let mut weight = (whole.len() / 4) as i32 - 1;
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    digits.drain(..zeros);
    weight -= zeros as i32;
    digits.truncate(digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1));
    let is_negative = is_negative && !digits.is_empty();
    if digits.is_empty() {
        weight = 0;
    }
    let mut halves = if scale < 64 && (-64..64).contains(&weight) {
        vec![
            0x8000
                | u16::from(is_negative) << 13
                | scale << 7
                | u16::from(weight < 0) << 6
                | weight as u16 & 0x3f,
        ]
    } else {
        vec![u16::from(is_negative) << 14 | scale, weight as i16 as u16]
    };
    halves.extend(digits);
    let length = 4 * (4 + 2 * halves.len() as u32);
    [length.to_ne_bytes().to_vec(), halves.iter().flat_map(|half| half.to_ne_bytes()).collect()].concat()
}

/// A document of a tree that is an array or an object.
pub fn document(json: &Json) -> Vec<u8> {
    let mut builder = Builder::default();
    container(&mut builder, json);
    builder.finish()
}

fn container(builder: &mut Builder, json: &Json) {
    match json {
        Json::Array(elements) => {
            let mut open = builder.array(elements.len());
            elements.iter().for_each(|element| value(builder, &mut open, element));
        }
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|one, two| in_order(one.0.as_bytes(), two.0.as_bytes()));
            let mut open = builder.object(members.len());
            members.iter().for_each(|(key, _)| builder.key(&mut open, key.as_bytes()));
            members.iter().for_each(|(_, member)| value(builder, &mut open, member));
        }
        scalar => unreachable!("{scalar}"),
    }
}

fn value(builder: &mut Builder, open: &mut Open, json: &Json) {
    match json {
        Json::Null => builder.value(open, &Value::Null),
        Json::Bool(is) => builder.value(open, &Value::Bool(*is)),
        Json::Number(it) => builder.value(open, &Value::Number(Number(&number(&it.to_string())))),
        Json::String(text) => builder.value(open, &Value::Text(text.as_bytes())),
        Json::Array(_) | Json::Object(_) => builder.inner(open, |builder| container(builder, json)),
    }
}

pub fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        prop::bool::ANY.prop_map(Json::from),
        (-3i64..3).prop_map(Json::from),
        Just(json!(1.5)),
        "[ab%_é]{0,3}".prop_map(Json::from),
    ]
}

pub fn key() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-c]", 1 => Just("a.b".to_owned()), 1 => Just("é".to_owned())]
}

fn values() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(key(), inner, 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

/// An object or an array.
pub fn any() -> impl Strategy<Value = Json> {
    prop_oneof![
        3 => object(),
        1 => prop::collection::vec(values(), 0..4).prop_map(Json::from),
    ]
}

pub fn object() -> impl Strategy<Value = Json> {
    prop::collection::btree_map(key(), values(), 0..5)
        .prop_map(|members| Json::Object(members.into_iter().collect()))
}

pub fn value_of_any_kind() -> impl Strategy<Value = Json> {
    values()
}
