"""How an answer tells what became of each item -> the one statement that reads it. Pure; nothing is run here.

The statement reads the table of answers, `_batch` and `body` (a text; "": none), and that of what was sent: `_batch`,
`_pos` (from 1), `_key`, `_id`. It gives one row for each row there, with one outcome, and never fails:

- `applied`; `rejected`, `conflict` (another record stands in the way), `gone` (the record is);
- `resend`: it was not executed. `alone`: it was named as what keeps the others back, so it goes again in a request of
  its own; where none of a batch is named, halves of it go;
- `unknown`: everything that is not told, or told twice.

What failed is classified by the spec's rules, the status of the answer aside, which is not that of one item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from crmsync.errors import SpecError
from crmsync.mapping.lists import ELEMENT, kept
from crmsync.mapping.paths import parse
from crmsync.mapping.shape import equals
from crmsync.quote import identifier, literal, pointer
from crmsync.spec.model import ErrorPaths, ErrorRule
from crmsync.spec.model_write import Outcome

_BECOMES: Mapping[str, str] = MappingProxyType(
    {
        "conflict": "conflict",
        "gone": "gone",
        **dict.fromkeys(("throttled", "busy", "exhausted", "refresh"), "resend"),  # they say: not executed
        **dict.fromkeys(("transient", "restart"), "unknown"),
    }
)
_SHOWN = 1000  # characters of a message
_NO_ID = "'{[tfn'"  # how the JSON of an object, a list, a truth and of null begins


@dataclass(frozen=True, slots=True)
class OutcomePlan:
    """How answers become outcomes.

    `sql` is a SELECT that gives `_batch, _pos, _key, outcome, alone, _id, existing, code, message`: `_id` as the answer
    tells it, else as it was sent; `existing` is the id of the record that stands in the way.
    """

    sql: str

    def create_sql(self, table: str) -> str:
        """The statement that makes the outcomes a temporary table."""
        return f"CREATE OR REPLACE TEMP TABLE {identifier(table)} AS\n{self.sql}"


def compile_outcome(
    outcome: Outcome, rules: Sequence[ErrorRule], error: ErrorPaths, answers: str = "answers", sent: str = "sent"
) -> OutcomePlan:
    """The plan for the answers of one operation; `error` has the paths of code and message that `outcome` lacks.

    Raises SpecError where the spec asks for what cannot be read.
    """
    if outcome.by not in _TELLERS:
        raise SpecError(f"unknown way to tell outcomes: {outcome.by}")
    told = _TELLERS[outcome.by](outcome)
    codes = [outcome.code] if outcome.code else error.code
    message = outcome.message or error.message
    code_list = f"list_filter([{', '.join(map(_text, codes))}]::VARCHAR[], lambda {ELEMENT}: {ELEMENT} IS NOT NULL)"
    fault = _fault(rules, outcome)
    return OutcomePlan(f"""WITH document AS (
  SELECT _batch, CASE WHEN {_is_json("body")} THEN body::JSON WHEN body = '' THEN 'null'::JSON END AS body
  FROM {identifier(answers)} QUALIFY count(*) OVER (PARTITION BY _batch) = 1
), item AS (
  SELECT _batch, _pos, _key, nullif(_id, '') AS _id FROM {identifier(sent)}
), {told}, coded AS (
  SELECT *, CASE WHEN told <> 'applied' THEN {code_list} END AS codes FROM told
), judged AS (
  SELECT *, CASE told WHEN 'failed' THEN {fault} ELSE told END AS judged,
    {_id(outcome.id)} AS told_id,
    CASE WHEN told <> 'applied' THEN {_first(outcome.existing)} END AS existing
  FROM coded
)
SELECT
  _batch,
  _pos,
  _key,
  CASE
    WHEN judged = 'rejected' AND existing IS NOT NULL THEN 'conflict'
    WHEN judged = 'applied' AND coalesce(told_id, given_id, _id) IS NULL THEN 'unknown'
    ELSE judged
  END AS outcome,
  alone,
  coalesce(CASE WHEN judged = 'applied' THEN coalesce(told_id, given_id) END, _id) AS _id,
  CASE WHEN judged <> 'applied' THEN existing END AS existing,
  CASE WHEN judged <> 'applied' THEN codes[1] END AS code,
  CASE WHEN judged <> 'applied' THEN left({_text(message)}, {_SHOWN}) END AS message
FROM judged""")


def _by_order(outcome: Outcome) -> str:
    """The i-th entry is about item i."""
    return f"""entries AS (
  SELECT _batch, {_elements("body", outcome.results)} AS entries FROM document
), told AS (
  SELECT i.*, entries[_pos] AS e, false AS alone, NULL::VARCHAR AS given_id,
    CASE WHEN NOT {_is_object("entries[_pos]")} THEN 'unknown'
      WHEN {_meets(outcome.ok, "entries[_pos]")} THEN 'applied' ELSE 'failed' END AS told
  FROM item i LEFT JOIN entries USING (_batch)
)"""


def _by_key(outcome: Outcome) -> str:
    """Entries bear the keys of their items; who is among the results and the errors is in doubt."""
    if outcome.key is None:
        raise SpecError("an outcome by key needs `key`")
    return f"""{_numbered("results", outcome.results)}, {_numbered("errors", outcome.errors)}, good AS (
  SELECT _batch, {_text(outcome.key)} AS k, arg_min(e, n) AS e FROM results GROUP BY ALL
), about AS (
  SELECT _batch, unnest({_each(outcome.error_keys)}) AS k, NULL::VARCHAR AS id, e, n FROM errors
  UNION ALL
  SELECT _batch, NULL, unnest({_each(outcome.error_ids)}), e, n FROM errors
), bad AS (
  SELECT i._batch, i._pos, arg_min(a.e, a.n) AS e
  FROM item i JOIN about a ON a._batch = i._batch AND (a.k = i._key OR a.id = i._id)
  GROUP BY ALL
), told AS (
  SELECT i.*, coalesce(g.e, b.e) AS e, false AS alone, NULL::VARCHAR AS given_id,
    CASE WHEN (g.e IS NULL) = (b.e IS NULL) THEN 'unknown' WHEN b.e IS NULL THEN 'applied' ELSE 'failed' END AS told
  FROM item i
  LEFT JOIN good g ON g._batch = i._batch AND g.k = i._key
  LEFT JOIN bad b ON b._batch = i._batch AND b._pos = i._pos
)"""


def _by_all(outcome: Outcome) -> str:
    """All or nothing; who is named as the fault is only sure to be it where it stands alone."""
    if outcome.ids is None or outcome.index is None:
        raise SpecError("an outcome of all needs `ids` and `index`")
    return f"""ids AS (
  SELECT _batch, {_elements("body", outcome.ids)} AS ids FROM document
), {_numbered("listed", outcome.errors)}, errors AS (
  SELECT _batch, e, n, try_cast({_text(outcome.index)} AS BIGINT) AS place FROM listed WHERE {_meets(outcome.only)}
), failed AS (
  SELECT _batch, arg_min(e, n) AS e FROM errors GROUP BY _batch
), named AS (
  SELECT _batch, place, arg_min(e, n) AS e FROM errors GROUP BY _batch, place
), counted AS (
  SELECT *, count(*) OVER (PARTITION BY _batch) AS items FROM item
), told AS (
  SELECT i._batch, _pos, _key, _id, coalesce(n.e, CASE WHEN items = 1 THEN f.e END) AS e,
    coalesce(n.e IS NOT NULL AND f.e IS NOT NULL AND ids IS NULL AND items > 1, false) AS alone,
    {_id("$", "ids[_pos]")} AS given_id,
    CASE WHEN (ids IS NULL) = (f.e IS NULL) THEN 'unknown'
      WHEN ids IS NULL THEN CASE WHEN items = 1 THEN 'failed' ELSE 'resend' END
      WHEN {_id("$", "ids[_pos]")} IS NULL THEN 'unknown'
      ELSE 'applied' END AS told
  FROM counted i
  LEFT JOIN ids USING (_batch)
  LEFT JOIN failed f USING (_batch)
  LEFT JOIN named n ON n._batch = i._batch AND n.place = i._pos - 1
)"""


def _whole(outcome: Outcome) -> str:
    """The status was everyone's, unless there are errors; the body is about an item that stands alone."""
    errors = f"coalesce({_elements('body', outcome.errors)}, [])" if outcome.errors else "[]::JSON[]"
    return f"""counted AS (
  SELECT *, count(*) OVER (PARTITION BY _batch) AS items, {errors} AS errors FROM item LEFT JOIN document USING (_batch)
), told AS (
  SELECT _batch, _pos, _key, _id, CASE WHEN items = 1 THEN coalesce(errors[1], {_at(outcome.results, "body")}) END AS e,
    false AS alone, NULL::VARCHAR AS given_id,
    CASE WHEN body IS NULL THEN 'unknown' WHEN len(errors) = 0 THEN 'applied' WHEN items = 1 THEN 'failed'
      ELSE 'resend' END AS told
  FROM counted
)"""


_TELLERS: Mapping[str, Callable[[Outcome], str]] = MappingProxyType(
    {"order": _by_order, "key": _by_key, "all": _by_all, "whole": _whole}
)


def _fault(rules: Iterable[ErrorRule], outcome: Outcome) -> str:
    """SQL over `codes` and an entry that is not good: what became of its item.

    A rule of statuses alone is about whole answers, and so is one that looks into a list. An entry that no rule fits
    tells a failure if it has a code.
    """
    cases = ""
    for rule in rules:
        if any("[]" in path for path in rule.when):
            continue
        if rule.code or (rule.when and not rule.status):
            tests = [_any_fits(rule.code)] if rule.code else []
            tests += [_meets(rule.when)] if rule.when else []
            cases += f" WHEN {' AND '.join(tests)} THEN {literal(_BECOMES.get(rule.outcome, 'rejected'))}"
    told = "len(codes) > 0" if outcome.by == "order" else "true"
    return f"CASE{cases} WHEN {told} THEN 'rejected' ELSE 'unknown' END"


def _any_fits(patterns: Iterable[str]) -> str:
    tests = [
        f"starts_with({ELEMENT}, {literal(pattern[:-1])})"
        if pattern.endswith(".*")
        else f"{ELEMENT} = {literal(pattern)}"
        for pattern in patterns
    ]
    return f"len({kept('codes', ' OR '.join(tests))}) > 0"


def _numbered(name: str, path: str | None) -> str:
    """A common table of the entries at a path of each answer, with their places."""
    found = _elements("body", path) if path else "[]::JSON[]"
    return f"""{name} AS (
  SELECT _batch, unnest(found) AS e, generate_subscripts(found, 1) AS n
  FROM (SELECT _batch, {found} AS found FROM document)
)"""


def _elements(json: str, path: str) -> str:
    """SQL: the elements of the list at a path; NULL where there is none. Of JSON functions this one parses it once."""
    return f"from_json({_at(path, json)}, '[\"JSON\"]')"


def _each(path: str | None) -> str:
    """SQL: the texts at a path of an entry, one or a list."""
    if path is None:
        return "[]::VARCHAR[]"
    found = _at(path.removesuffix("[]"))
    return f"CASE WHEN json_type({found}) = 'ARRAY' THEN json_extract_string({found}, '$[*]') ELSE [{found}->>'$'] END"


def _at(path: str, json: str = "e") -> str:
    """SQL: the JSON at a path, of which a list may stand at the end only."""
    parsed = parse(path)
    if parsed.up or any(step.each for step in parsed.steps):
        raise SpecError(f"what became of an item cannot be read at {path!r}")
    return f"({json}->{pointer(*parsed.names)})" if parsed.steps else json


def _text(path: str | None, json: str = "e") -> str:
    """SQL: the text at a path of an entry, without NUL."""
    return f"replace({_at(path, json)}->>'$', chr(0), '')" if path else "NULL::VARCHAR"


def _first(path: str | None) -> str:
    """SQL: the id at a path of an entry, or the first of a list there."""
    return f"coalesce({_id(path)}, {_id(f'{path}.0')})" if path else "NULL::VARCHAR"


def _id(path: str | None, json: str = "e") -> str:
    """SQL: the text at a path that is an id."""
    if path is None:
        return "NULL::VARCHAR"
    is_id = f"NOT contains({_NO_ID}, left({_at(path, json)}::VARCHAR, 1))"
    return f"CASE WHEN {is_id} THEN nullif({_text(path, json)}, '') END"


def _meets(condition: Mapping[str, Any] | None, json: str = "e") -> str:
    tests = [equals(f"({_at(path, json)}->>'$')", value) for path, value in (condition or {}).items()]
    return " AND ".join(f"coalesce({test}, false)" for test in tests) or "true"


def _is_json(text: str) -> str:
    """SQL: whether an answer is JSON. DuckDB takes words such as `Inf` for numbers, and no answer is a fraction."""
    return f"json_valid({text}) AND json_type({text}) <> 'DOUBLE'"


def _is_object(json: str) -> str:
    return f"coalesce(json_type({json}) = 'OBJECT', false)"
