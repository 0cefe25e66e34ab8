//! Tests of filters against a naive reading of their definition over trees.

use std::cmp::Ordering;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::invalid::Invalid;
use super::language::{Filter, parse};
use crate::json::binary::Value;
use crate::json::made::{document, key, object, scalar, value_of_any_kind};

fn read(filter: &Json) -> Result<Option<Filter>, Invalid> {
    parse(&document(filter))
}

/// As a statement finds rows: by what the index knows, and by the test.
fn found(filter: &Json, row: &Json) -> bool {
    let (bytes, row) = (document(filter), document(row));
    let contains = |part: &[u8]| Value::of_document(&row).contains(&Value::of_document(part));
    match parse(&bytes).unwrap() {
        None => contains(&bytes),
        Some(filter) => filter.equalities().is_none_or(|part| contains(&part)) && filter.matches(&row),
    }
}

fn contains(whole: &Json, part: &Json) -> bool {
    match (whole, part) {
        (Json::Object(whole), Json::Object(part)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|it| contains(it, part)))
        }
        (Json::Array(whole), Json::Array(part)) => {
            part.iter().all(|part| whole.iter().any(|it| contains(it, part)))
        }
        _ => whole == part,
    }
}

fn order(one: &Json, two: &Json) -> Option<Ordering> {
    match (one, two) {
        (Json::Number(one), Json::Number(two)) => one.as_f64()?.partial_cmp(&two.as_f64()?),
        (Json::String(one), Json::String(two)) => Some(one.chars().cmp(two.chars())),
        _ => None,
    }
}

fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|from| like(&text[from..], rest)),
        ['_', rest @ ..] => !text.is_empty() && like(&text[1..], rest),
        [literal, rest @ ..] => text.first() == Some(literal) && like(&text[1..], rest),
    }
}

fn has_operators(filter: &Json) -> bool {
    filter.as_object().is_some_and(|members| {
        members.iter().any(|(key, value)| key.starts_with('$') || has_operators(value))
    })
}

/// The definition.
fn naive(filter: &Json, value: Option<&Json>) -> bool {
    let Some(members) = filter.as_object().filter(|_| has_operators(filter)) else {
        return value.is_some_and(|value| contains(value, filter));
    };
    members.iter().all(|(key, operand)| {
        let each = || operand.as_array().unwrap().iter();
        let equals = |literal: &Json| value == Some(literal);
        let compares = |wanted: &[Ordering]| {
            value.and_then(|value| order(value, operand)).is_some_and(|order| wanted.contains(&order))
        };
        let is_listed = || {
            each().any(|literal| {
                equals(literal)
                    || value.and_then(Json::as_array).is_some_and(|elements| elements.contains(literal))
            })
        };
        match key.as_str() {
            "$and" => each().all(|filter| naive(filter, value)),
            "$or" => each().any(|filter| naive(filter, value)),
            "$not" => !naive(operand, value),
            "$eq" => equals(operand),
            "$ne" => !equals(operand),
            "$gt" => compares(&[Ordering::Greater]),
            "$gte" => compares(&[Ordering::Greater, Ordering::Equal]),
            "$lt" => compares(&[Ordering::Less]),
            "$lte" => compares(&[Ordering::Less, Ordering::Equal]),
            "$in" => is_listed(),
            "$nin" => !is_listed(),
            "$exists" => value.is_some() == operand.as_bool().unwrap(),
            "$like" => {
                let chars = |text: &str| text.chars().collect::<Vec<_>>();
                let pattern = chars(operand.as_str().unwrap());
                value.and_then(Json::as_str).is_some_and(|text| like(&chars(text), &pattern))
            }
            key => {
                naive(operand, value.and_then(|value| value.get(key)).filter(|_| value.unwrap().is_object()))
            }
        }
    })
}

fn operator() -> impl Strategy<Value = (String, Json)> {
    let compared = prop_oneof![(-3i64..3).prop_map(Json::from), "[ab]{0,2}".prop_map(Json::from)];
    prop_oneof![
        (prop_oneof![Just("$eq"), Just("$ne")], value_of_any_kind()),
        (prop_oneof![Just("$gt"), Just("$gte"), Just("$lt"), Just("$lte")], compared),
        (
            prop_oneof![Just("$in"), Just("$nin")],
            prop::collection::vec(value_of_any_kind(), 0..4).prop_map(Json::from)
        ),
        (Just("$exists"), prop::bool::ANY.prop_map(Json::from)),
        (Just("$like"), "[ab%_]{0,3}".prop_map(Json::from)),
    ]
    .prop_map(|(key, value)| (key.to_owned(), value))
}

fn collected(members: Vec<(String, Json)>) -> Json {
    Json::Object(members.into_iter().collect::<Map<_, _>>())
}

/// An object of operators, or of keys with whatever may be below them.
fn below() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        2 => scalar(),
        1 => value_of_any_kind(),
        4 => prop::collection::vec(operator(), 1..3).prop_map(collected),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        let objects =
            inner.clone().prop_map(|value| if value.is_object() { value } else { json!({"$eq": value}) });
        let logical = prop_oneof![
            (
                prop_oneof![Just("$and"), Just("$or")],
                prop::collection::vec(objects.clone(), 1..3).prop_map(Json::from)
            ),
            (Just("$not"), objects),
        ]
        .prop_map(|(key, value)| (key.to_owned(), value));
        prop_oneof![
            prop::collection::vec((key(), inner), 0..3).prop_map(collected),
            prop::collection::vec(logical.clone(), 1..3).prop_map(collected),
            (prop::collection::vec(logical, 0..2), prop::collection::vec(operator(), 1..3))
                .prop_map(|(one, two)| collected([one, two].concat())),
        ]
    })
}

fn filter() -> impl Strategy<Value = Json> {
    let keys = || prop::collection::vec((key(), below()), 0..3).prop_map(collected);
    keys().prop_recursive(3, 16, 3, move |inner| {
        let logical = prop_oneof![
            (
                prop_oneof![Just("$and"), Just("$or")],
                prop::collection::vec(inner.clone(), 1..3).prop_map(Json::from)
            ),
            (Just("$not"), inner),
        ]
        .prop_map(|(key, value)| (key.to_owned(), value));
        (prop::collection::vec((key(), below()), 0..2), prop::collection::vec(logical, 0..3))
            .prop_map(|(keys, logical)| collected([keys, logical.into_iter().collect()].concat()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn agrees_with_the_definition(filter in filter(), row in object()) {
        prop_assert_eq!(read(&filter).unwrap().is_some(), has_operators(&filter));
        prop_assert_eq!(found(&filter, &row), naive(&filter, Some(&row)), "{} {}", filter, row);
    }

    #[test]
    fn never_panics(filter in filter(), at in 0..400usize, byte in any::<u8>()) {
        let mut bytes = document(&filter);
        let len = bytes.len();
        bytes[at % len] = byte;
        if let Ok(Some(filter)) = parse(&bytes) {
            let _ = filter.matches(&bytes);
            let _ = filter.equalities();
        }
    }
}

fn equalities(filter: &Json) -> Option<Vec<u8>> {
    read(filter).unwrap().unwrap().equalities()
}

#[test]
fn equalities_for_the_index() {
    for (filter, wanted) in [
        (json!({"a": 1, "b": {"$gt": 2}}), json!({"a": 1})),
        (
            json!({"a": {"$eq": "x"}, "b": {"c": {"$eq": [1]}, "d": {"$ne": 1}, "e": {}}}),
            json!({"a": "x", "b": {"c": [1], "e": {}}}),
        ),
        (
            json!({"$and": [{"a": 1}, {"b": {"$and": [{"c": 1}, {"$eq": {"d": 2}}]}}]}),
            json!({"a": 1, "b": {"c": 1, "d": 2}}),
        ),
        (json!({"$and": [{"a": [1]}, {"a": [2]}, {"a": 3}]}), json!({"a": [1, 2]})),
        (json!({"$or": [{"b": 1}], "$not": {"c": 1}, "a": null}), json!({"a": null})),
    ] {
        assert_eq!(equalities(&filter), Some(document(&wanted)), "{filter}");
    }
    for filter in [
        json!({"a": {"$gt": 1}}),
        json!({"$or": [{"a": 1}]}),
        json!({"$not": {"a": 1}}),
        json!({"a": {"$not": {"$eq": 1}}}),
        json!({"a": {"$in": [1]}}),
        json!({"$and": [{}]}),
    ] {
        assert_eq!(equalities(&filter), None, "{filter}");
    }
}

#[test]
fn refusals() {
    for (filter, wanted) in [
        (json!([]), "filter must be a JSON object, not an array"),
        (json!({"a": {"$foo": 1}}), "filter knows no operator \"$foo\""),
        (json!({"$": 1}), "filter knows no operator \"$\""),
        (json!({"a": {"$gt": 1, "b": 2}}), "operator \"$gt\" of filter must not stand beside the key \"b\""),
        (
            json!({"a": {"b": {"$ne": 1}, "$exists": true}}),
            "operator \"$exists\" of filter must not stand beside the key \"b\"",
        ),
        (json!({"a": [{"$gt": 1}]}), "operator \"$gt\" of filter must not stand in an array"),
        (json!({"a": [[{"b": {"$or": 1}}]]}), "operator \"$or\" of filter must not stand in an array"),
        (json!({"$gt": 1}), "operator \"$gt\" of filter must stand below a key"),
        (json!({"$and": [{"$eq": {}}]}), "operator \"$eq\" of filter must stand below a key"),
        (json!({"a": {"$in": 1}}), "operator \"$in\" of filter takes an array, not a number"),
        (json!({"a": {"$nin": {}}}), "operator \"$nin\" of filter takes an array, not an object"),
        (json!({"a": {"$gt": null}}), "operator \"$gt\" of filter takes a number or a text, not null"),
        (json!({"a": {"$lte": true}}), "operator \"$lte\" of filter takes a number or a text, not a boolean"),
        (json!({"a": {"$exists": 1}}), "operator \"$exists\" of filter takes a boolean, not a number"),
        (json!({"a": {"$like": 1}}), "operator \"$like\" of filter takes a text, not a number"),
        (
            json!({"a": {"$like": "\\"}}),
            "operator \"$like\" of filter has a pattern that ends with a backslash: \"\\\"",
        ),
        (json!({"$and": {}}), "operator \"$and\" of filter takes an array of objects, not an object"),
        (json!({"$or": [1]}), "operator \"$or\" of filter takes an array of objects, not a number"),
        (json!({"$or": []}), "operator \"$or\" of filter needs at least one condition"),
        (json!({"a": {"$not": 1}}), "operator \"$not\" of filter takes an object, not a number"),
        (
            json!({"$or": vec![json!({"a": 1}); 1001]}),
            "filter has at most 1000 conditions, this one has more",
        ),
        (
            json!({"a": {"$ne": vec![0; 101]}}),
            "filter has at most 100 elements in its arrays, this one has 101",
        ),
        (
            json!({"a": {"$in": vec![0; 9000]}, "b": {"$nin": vec![0; 1001]}}),
            "filter has at most 10000 members in the lists of $in and $nin, this one has 10001",
        ),
    ] {
        assert_eq!(
            read(&filter).err().map(|invalid| invalid.to_string()),
            Some(wanted.to_owned()),
            "{filter}"
        );
    }
}

#[test]
fn at_the_bounds() {
    assert!(read(&json!({"$or": vec![json!({"a": {"$gt": 1}}); 1000]})).is_ok());
    assert!(found(&json!({"a": {"$in": (0..10_000).collect::<Vec<_>>()}}), &json!({"a": 9999})));
    // The depth that the door allows.
    let deep = |levels: usize, inner: Json| (0..levels).fold(inner, |inner, _| json!({"$not": inner}));
    let path = |levels: usize, inner: Json| (0..levels).fold(inner, |inner, _| json!({"a": inner}));
    assert!(found(&deep(998, json!({"a": 1})), &json!({"a": 1})));
    assert!(!found(&deep(997, json!({"a": 1})), &json!({"a": 1})));
    assert!(found(&path(998, json!({"$gt": 1})), &path(998, json!(2))));
    assert!(found(&path(997, json!({"$ne": 1, "$and": [{"$exists": false}]})), &path(996, json!(2))));
    assert!(found(&path(998, json!({"$eq": 2})), &path(998, json!(2))));
}
