"""Given: rows that a person hands over, from a file or a query -> creates and updates of a stream, by its match key.

They do not pass through the hub: what they say is written to the CRM, and nothing else is. A cell that is empty says
nothing. A row that cannot be understood, or whose record is not certain, is an intent that is rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from crmsync.errors import UsageError
from crmsync.mapping import identifier, literal
from crmsync.mapping.line import is_writable
from crmsync.mapping.types import duckdb_type
from crmsync.spec.model_stream import Stream
from crmsync.store import Append, Commit, FileStore, Lease, Shared, plain
from crmsync.store.schema import INTENTS
from crmsync.sync.merge.model import MergeField
from crmsync.sync.merge.side import Side
from crmsync.sync.merge.values import piece, pieces

GIVEN, OFFERED, OWED = "given", "offered", "owed"
_ADDRESS = literal(r"[^@\s]+@[^@\s]+")  # what can be written as an e-mail address


@dataclass(frozen=True, slots=True)
class Given:
    """The rows of `source` beside a stream; `side` has the stream's writable fields, in the CRM's own terms."""

    store: FileStore
    side: Side
    lease: Lease
    source: str

    def read(self) -> None:
        """Fill OFFERED with the rows, typed. Raises UsageError where columns are not the stream's."""
        found = self.store.outside(self.source, GIVEN)
        columns = {name.lower(): name for name in found}
        fields = [field for field in self.side.fields if field.name in columns]
        self._require(found)
        types = {field.name: duckdb_type(field.type) for field in fields}
        texts = {field.name: f"nullif({identifier(columns[field.name])}::VARCHAR, '')" for field in fields}
        typed = [f"TRY_CAST({texts[name]} AS {type_}) AS {identifier(name)}" for name, type_ in types.items()]
        absent = [
            f"NULL::{duckdb_type(field.type)} AS {identifier(field.name)}"
            for field in self.side.fields
            if field not in fields
        ]
        wrong = ", ".join(
            f"CASE WHEN {texts[name]} IS NOT NULL AND TRY_CAST({texts[name]} AS {type_}) IS NULL "
            f"THEN {literal(f'{name}: no {self._type(name)}: ')} || {texts[name]} END"
            for name, type_ in types.items()
        )
        key = next(field for field in self.side.fields if field.name == self.side.key)
        self._table(
            OFFERED,
            f"SELECT _row, {', '.join([*typed, *absent])}, concat_ws('; ', {wrong}) AS _wrong, "
            f"{plain(_certain(texts[key.name], key.type), key.type)} AS _match FROM {GIVEN}",
        )

    def known(self) -> tuple[list[str], list[str]]:
        """Ids of the records that the rows are about, and the keys of those that the mirror has not."""
        self._match()
        rows = self.store.engine.rows
        ids = rows("SELECT DISTINCT unnest(ids) FROM offered JOIN alike USING (_match)")
        keys = rows("SELECT DISTINCT _match FROM offered ANTI JOIN alike USING (_match) WHERE _match IS NOT NULL")
        return [row[0] for row in ids], [row[0] for row in keys]

    def owe(self) -> tuple[int, int]:
        """Plan what the rows ask for, in OWED; how many rows there are, and of how many the CRM has all they say."""
        self._match()
        differs = [
            f"CASE WHEN {plain(f'o.{identifier(f.name)}', f.type)} IS NOT NULL AND "
            f"{plain(f'o.{identifier(f.name)}', f.type)} IS DISTINCT FROM {plain(f't.{identifier(f.name)}', f.type)} "
            f"THEN {piece(MergeField(f.name, f.type), f'o.{identifier(f.name)}')} END"
            for f in self.side.fields
        ]
        reason = (
            f"CASE WHEN o._match IS NULL THEN {literal(f'has no {self.side.key} by which its record could be found')} "
            f"WHEN len(o.copies) > 1 THEN {literal(f'the same {self.side.key} stands in the rows ')} "
            "|| array_to_string(o.copies, ', ') "
            "WHEN len(a.ids) > 1 THEN 'several records: ' || array_to_string(a.ids, ', ') "
            "WHEN o._wrong <> '' THEN o._wrong END"
        )
        self._table(
            "weighed",
            f"SELECT o._row, o._match, a.ids[1] AS remote_id, {pieces(differs)} AS fields, {reason} AS reason "
            "FROM (SELECT *, list(_row ORDER BY _row) OVER (PARTITION BY _match) AS copies FROM offered) o "
            "LEFT JOIN alike a USING (_match) LEFT JOIN theirs t ON t._id = a.ids[1]",
        )
        self._table(
            OWED,
            f"SELECT uuidv7()::VARCHAR AS id, {self.side.who()}, "
            "'row:' || md5(coalesce(_match, _row::VARCHAR)) AS hub_id, remote_id, "
            "CASE WHEN remote_id IS NULL THEN 'create' ELSE 'update' END AS action, fields, "
            "CASE WHEN reason IS NULL THEN 'planned' ELSE 'rejected' END AS state, 0 AS attempts, "
            f"{literal(self.source)} AS source, {literal(self.lease.run_id)} AS run_id, "
            "CASE WHEN reason IS NOT NULL THEN format('row {}: {}', _row, reason) END AS message, "
            "now() AS planned_at, CASE WHEN reason IS NOT NULL THEN now() END AS settled_at "
            "FROM weighed WHERE reason IS NOT NULL OR fields <> '{}' ORDER BY _row",
        )
        self.store.commit(Commit(self.lease, [Append(INTENTS, OWED)]))
        count = self.store.engine.value
        rows, owed = count(f"SELECT count(*) FROM {OFFERED}"), count(f"SELECT count(*) FROM {OWED}")
        return int(rows), int(rows - owed)

    def _match(self) -> None:
        """Fill `theirs` with the living records that have a key of OFFERED, and `alike` with their ids by it."""
        key = next(field for field in self.side.fields if field.name == self.side.key)
        column = identifier(key.column)
        ends = [c.name for c in self.side.mirror.columns if c.name in ("_deleted_at", "_left_at")]
        columns = ("_id", *ends, *(field.column for field in self.side.fields))
        asked = f"SELECT DISTINCT _match AS {column} FROM {OFFERED} WHERE _match IS NOT NULL"
        self.store.lookup(replace(self.side.mirror, key=(key.column,)), asked, "theirs", columns)
        living = " AND ".join(f"{end} IS NULL" for end in ends) or "true"
        self._table(
            "alike",
            f"SELECT {column} AS _match, list(_id ORDER BY _id) AS ids FROM theirs WHERE {living} GROUP BY 1",
        )

    def _require(self, found: Sequence[str]) -> None:
        """Every column is a field of the stream, and one is its key."""
        known = [field.name for field in self.side.fields]
        lines = []
        for name in found:
            if name.lower() not in known:
                near = get_close_matches(name.lower(), known, 1)
                lines.append(
                    f"{self.side.stream} has no field {name!r}{f'; did you mean {near[0]!r}?' if near else ''}"
                )
        if self.side.key not in [name.lower() for name in found]:
            lines.append(f"the column {self.side.key!r} is missing, by which records are found")
        if lines:
            raise UsageError(
                f"{self.source}: {'; '.join(lines)}.",
                hint=f"Columns may be: {', '.join(known)}. To rename one: --from \"SELECT … AS {known[0]} FROM '…'\"",
            )

    def _type(self, name: str) -> str:
        return next(field.type for field in self.side.fields if field.name == name)

    def _table(self, name: str, query: str) -> None:
        self.store.engine.table(name, query)


def _certain(text: str, type_: str) -> str:
    """SQL: the text of a key, NULL where it is none: a CRM might make its row a record that nobody finds again."""
    return f"CASE WHEN regexp_full_match(trim({text}), {_ADDRESS}) THEN {text} END" if type_ == "email" else text


def side_of_rows(side: Side, stream: Stream) -> Side:
    """The stream beside rows that are no hub's: with all fields that can be written, references as the CRM's own ids.

    Raises UsageError where nothing tells which record a row is about.
    """
    if side.key is None:
        raise UsageError(
            f"Rows of {stream.name} have no key by which their records are found, such as an e-mail address.",
            hint="Put them into the hub, and push that.",
        )
    links = [link.field for link in stream.write.links] if stream.write else []
    written = [field for field in stream.fields if is_writable(field) or field.name in links]
    fields = tuple(Shared(field.name, field.name, field.type) for field in written)
    return replace(side, pairing=replace(side.pairing, fields=fields), linked=False)
