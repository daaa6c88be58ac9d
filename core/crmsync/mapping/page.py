"""The first half of a read statement: page bodies -> one row of texts for each record, and what is odd about it.

`from_json` turns a wrong shape into NULLs. So an element without an id, or without any value, is suspect: its page is
parsed once more, with the elements as JSON, to look at its shape. `#raw` is the JSON of a suspect element, `#odd` tells
what keeps it from being a record, `#fault` what keeps a body from being a page. No field can have a name with `#`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from crmsync.errors import SpecError
from crmsync.mapping.paths import parse
from crmsync.mapping.shape import WHOLE, Shape
from crmsync.quote import identifier, literal, pointer

_WITHOUT_NUL = r"regexp_replace(body, '(\\[^u])|\\u0000', '\1', 'g')"  # an escaped backslash before u0000 stays
_MAY_SAY_FALSE = " OR ".join(rf"contains(body, '{sign}')" for sign in ('"false"', r"\u006", r"\u0073"))  # or an escape
_LOOKED_AT = 1000  # of a page; a hostile page of suspects only would else be parsed once for each of them


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the records stand in a body; `one`: a single record stands at `records`, not a list."""

    records: str
    shape: Shape
    one: bool = False

    def sql(self) -> str:
        """The common tables up to `texts`: `_page`, `_pos`, `#body`, `#fault` and the readings of the shape.

        To be called when every reading has been asked for. The values get a name of their own before they are read:
        a longer path is bound again for each column, and planning is a good part of the cost of a batch.
        """
        texts = "".join(f",\n    {column}" for column in self.shape.columns())
        values = f", {self.shape.values_object()} AS v" if self.shape.values else ""
        wholes = whole = name = ""
        if self.shape.doubts_false:
            wholes = f", CASE WHEN {_MAY_SAY_FALSE} THEN {self._entries('body', 'JSON')} END AS wholes"
            whole, name = f", unnest(wholes) AS {WHOLE}", f", {WHOLE}"
        return f"""WITH sent AS (
  SELECT unnest($bodies::VARCHAR[]) AS body, unnest(range(len($bodies::VARCHAR[]))) AS _page
), clean AS (
  SELECT _page, CASE WHEN contains(body, '\\u0000') THEN {_WITHOUT_NUL} ELSE body END AS body FROM sent
), parsed AS (
  SELECT _page, body, {self._entries("body", self.shape.structure())} AS entries{wholes} FROM clean
), entry AS (
  SELECT _page, body, unnest(entries) AS r, generate_subscripts(entries, 1) AS _pos{whole},
    unnest(CASE WHEN entries IS NULL THEN [{self._fault()}] END) AS "#fault"
  FROM parsed
), record AS (
  SELECT _page, coalesce(_pos, 0) AS _pos, body AS "#body", "#fault", r{values}{name} FROM entry
), texts AS (
  SELECT _page, _pos, "#body", "#fault"{texts}
  FROM record
)"""

    def raw(self, id_: str) -> str:
        """SQL over `texts`: the JSON of an element that is suspect, else NULL. `id_` is the text of its id."""
        elements = self._entries('"#body"', "JSON")
        again = f"coalesce(({elements})[_pos], 'null')"
        look = f"CASE WHEN _pos <= {_LOOKED_AT} THEN {again} ELSE '{{}}' END"
        return f'CASE WHEN "#fault" IS NULL AND ({id_} IS NULL OR {self.shape.valueless()}) THEN {look} END'

    def why(self, id_: str) -> str:
        """SQL: what keeps a row from being a record, else NULL. `id_` is the text of its id."""
        rules = ["""WHEN NOT starts_with("#raw", '{') THEN 'not an object'"""]
        if self.shape.values:
            values = f"""("#raw"->{pointer(*self.shape.values)})"""
            where = literal(f"no object at {'.'.join(self.shape.values)}")
            rules.append(
                f"""WHEN "#raw" IS NOT NULL AND coalesce(NOT starts_with({values}, '{{'), true) THEN {where}"""
            )
        no_id = f"WHEN _id IS NULL THEN CASE WHEN {id_} IS NULL THEN 'no id' ELSE 'not an id' END"
        return f"""CASE WHEN "#fault" IS NOT NULL THEN "#fault" {" ".join(rules)} {no_id} END"""

    def element_sql(self) -> str:
        """A query for the JSON of one element, for the list of rejects; its parameters are `$body` and its `$pos`."""
        return f"SELECT ({self._entries('$body::VARCHAR', 'JSON')})[$pos::BIGINT]"

    def _entries(self, body: str, element: Any) -> str:
        """The list of records of a body; NULL if the body is not JSON or has no list there."""
        names = self._names()
        structure: Any = element if self.one else [element]
        for name in reversed(names):
            structure = {name: structure}
        found = f"TRY(from_json({body}, {literal(json.dumps(structure))}))"
        found += "".join(f".{identifier(name)}" for name in names)
        return f"CASE WHEN {found} IS NOT NULL THEN [{found}] END" if self.one else found

    def _names(self) -> tuple[str, ...]:
        path = parse(self.records)
        if path.up or any(step.each for step in path.steps):
            raise SpecError(f"the path of the records may have no [], {{}} or ^: {self.records!r}")
        return path.names

    def _fault(self) -> str:
        missing = "no record" if self.one else "no list"
        return f"CASE WHEN json_valid(body) THEN {literal(f'{missing} at {self.records}')} ELSE 'not JSON' END"
