"""What a filter means, read naively: the oracle of test_filters.py; and filters and documents made at random."""

import json
import random
import re
from decimal import Decimal

MISSING = object()
KEYS = ["a", "b", "c", "a.b", "é", "kk"]
TEXTS = ["", "a", "b", "ab", "Ab", "é", "😀", "a%b", "a_b", "a\\b", "2026-01-02", "2026-01-02T03:04:05Z", "NaN", "\U0001f600z", "~"]
NUMBERS = [Decimal(n) for n in ("0", "1", "1.0", "-1", "2", "2.50", "2.5", "1e30", "1000000000000000000000000000000", "123456789012345678901234567890.5", "-0.001", "1e-20", "10000", "9999.9999")]
PATTERNS = ["", "%", "_", "a%", "%b", "a_b", "a\\_b", "a\\%b", "a\\\\b", "%%", "__", "2026-__-%", "é", "%😀%"]


def dump(value):
    """JSON with numbers as they are spelled."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {dump(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def equals(one, two):
    """As jsonb says: true is not 1, and 1.0 is 1."""
    if type(one) is not type(two):
        return False
    if isinstance(one, list):
        return len(one) == len(two) and all(map(equals, one, two))
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(equals(v, two[k]) for k, v in one.items())
    return one == two


def contains(whole, part):
    """What jsonb @> says inside of documents."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(k in whole and contains(whole[k], v) for k, v in part.items())
    if isinstance(whole, list) and isinstance(part, list):
        return all(any(contains(w, p) for w in whole) for p in part)
    return equals(whole, part)


def has_operators(value):
    return isinstance(value, dict) and any(k.startswith("$") or has_operators(v) for k, v in value.items())


def like(text, pattern):
    parts = re.findall(r"\\.|.", pattern, re.S)
    expression = "".join(".*" if p == "%" else "." if p == "_" else re.escape(p[-1]) for p in parts)
    return re.fullmatch(expression, text, re.S) is not None


def compares(value, operand, holds):
    if isinstance(value, Decimal) and isinstance(operand, Decimal) or isinstance(value, str) and isinstance(operand, str):
        # Texts of Python compare by code point.
        return holds((value > operand) - (value < operand))
    return False


OPERATORS = {
    "$and": lambda value, operand: all(matches(f, value) for f in operand),
    "$or": lambda value, operand: any(matches(f, value) for f in operand),
    "$not": lambda value, operand: not matches(operand, value),
    "$eq": equals,
    "$ne": lambda value, operand: not equals(value, operand),
    "$gt": lambda value, operand: compares(value, operand, lambda c: c > 0),
    "$gte": lambda value, operand: compares(value, operand, lambda c: c >= 0),
    "$lt": lambda value, operand: compares(value, operand, lambda c: c < 0),
    "$lte": lambda value, operand: compares(value, operand, lambda c: c <= 0),
    "$in": lambda value, operand: any(equals(value, o) or isinstance(value, list) and any(equals(v, o) for v in value) for o in operand),
    "$nin": lambda value, operand: not OPERATORS["$in"](value, operand),
    "$exists": lambda value, operand: (value is not MISSING) == operand,
    "$like": lambda value, operand: isinstance(value, str) and like(value, operand),
}


def matches(filter, value):
    if not has_operators(filter):
        return contains(value, filter)
    return all(OPERATORS[key](value, operand) if key.startswith("$") else matches(operand, value.get(key, MISSING) if isinstance(value, dict) else MISSING)
               for key, operand in filter.items())


class Maker:
    """Documents and filters whose keys and values meet often."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def scalar(self):
        return self.random.choice([lambda: self.random.choice(TEXTS), lambda: self.random.choice(NUMBERS), lambda: self.random.choice([True, False, None])])()

    def value(self, depth=2):
        kind = self.random.random()
        if depth == 0 or kind < 0.6:
            return self.scalar()
        if kind < 0.75:
            return [self.value(depth - 1) for _ in range(self.random.randrange(4))]
        return self.document(depth - 1)

    def document(self, depth=2):
        return {key: self.value(depth) for key in self.random.sample(KEYS, self.random.randrange(1 if depth == 2 else 0, 5))}

    def operators(self):
        given = {}
        for _ in range(self.random.choice([1, 1, 1, 2])):
            operator = self.random.choice(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$like"])
            given[operator] = (
                self.value() if operator in ("$eq", "$ne") else [self.value(1) for _ in range(self.random.randrange(5))] if operator in ("$in", "$nin")
                else self.random.random() < 0.5 if operator == "$exists" else self.random.choice(PATTERNS) if operator == "$like"
                else self.random.choice([*TEXTS, *NUMBERS]))
        return given

    def logical(self, inner):
        operator = self.random.choice(["$and", "$or", "$or", "$not"])
        return {operator: inner() if operator == "$not" else [inner() for _ in range(self.random.randrange(1, 4))]}

    def below(self, depth=2):
        """What may stand below a key."""
        kind = self.random.random()
        if kind < 0.3:
            return self.value()
        if kind < 0.75 or depth == 0:
            return self.operators()
        if kind < 0.9:
            return {key: self.below(depth - 1) for key in self.random.sample(KEYS, self.random.randrange(1, 3))}
        return self.logical(lambda: self.operators() if self.random.random() < 0.7 else {self.random.choice(KEYS): self.below(depth - 1)}) | (self.operators() if self.random.random() < 0.3 else {})

    def filter(self, depth=2):
        found = {key: self.below() for key in self.random.sample(KEYS, self.random.choice([0, 1, 1, 1, 2]))}
        if depth and self.random.random() < 0.35:
            found |= self.logical(lambda: self.filter(depth - 1))
        return found
