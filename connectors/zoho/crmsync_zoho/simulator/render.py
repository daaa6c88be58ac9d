"""Untouched records as JSON texts, column by column: several times faster than record by record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crmsync.sandbox.columns import json_text, mix
from crmsync_zoho.simulator.baseline import Baseline
from crmsync_zoho.simulator.columns import Compute, Link, Value

Render = Callable[[Sequence[int], Sequence[int]], list[str]]  # indexes, times of change in seconds
Fill = Callable[[Sequence[int], Sequence[int]], list[str]]  # indexes, hashes -> JSON texts
Shape = Callable[[str, Value], Any]  # name, kept value -> what JSON has
Lookup = Callable[[str, int], str]  # module, id -> JSON text
Times = Callable[[Sequence[int]], list[str]]


class Renderer:
    """Compiles renderers for one module. `shape` must give the same for the same value at all times."""

    def __init__(
        self, base: Baseline, baselines: dict[str, Baseline], shape: Shape, lookup: Lookup, isos: Times
    ) -> None:
        self._base, self._baselines, self._shape, self._lookup, self._isos = base, baselines, shape, lookup, isos

    def compile(self, names: Sequence[str], constant: Sequence[tuple[str, str]]) -> Render:
        """The function that gives records with these fields; `constant` are members that are the same in all."""
        members, fills = self._members(names)
        members += [f'"{name}":{text}'.replace("%", "%%") for name, text in constant]
        template, base, isos = "{" + ",".join(members) + "}", self._base, self._isos
        places = {name: name in names for name in ("Created_Time", "Modified_Time", "Last_Activity_Time")}

        def render(indexes: Sequence[int], modified_s: Sequence[int]) -> list[str]:
            hashes = [mix(index, base.salt) for index in indexes]
            modified = isos(modified_s) if places["Modified_Time"] or places["Last_Activity_Time"] else []
            columns: list[Sequence[Any]] = [fill(indexes, hashes) for fill in fills]
            if places["Created_Time"]:
                columns.append(isos([base.created_s(index) for index in indexes]))
            columns += [modified for name in ("Modified_Time", "Last_Activity_Time") if places[name]]
            columns.append([base.id_of(index) for index in indexes])
            return [template % row for row in zip(*columns, strict=True)]

        return render

    def _members(self, names: Sequence[str]) -> tuple[list[str], list[Fill]]:
        """The members with open places, and what fills them; times and the id come last."""
        members, fills, base, done = [], [], self._base, {"id", "Created_Time", "Modified_Time", "Last_Activity_Time"}
        for pack in base.packs:
            if mine := [name for name in names if name in pack.names]:
                columns = [pack.names.index(name) for name in mine]
                texts = [
                    ",".join(
                        f'"{name}":{json_text(self._shape(name, row[place]))}'
                        for name, place in zip(mine, columns, strict=True)
                    )
                    for row in pack.rows
                ]
                members.append("%s")
                fills.append(_picked(texts, pack.shift))
                done |= set(mine)
        for name in names:
            if name in base.computed:
                fills.append(_computed(base.computed[name], name, self._shape))
            elif name in base.links:
                fills.append(self._linked(base.links[name]))
            else:
                continue
            members.append(f'"{name}":%s')
            done.add(name)
        members += [f'"{name}":null' for name in names if name not in done]
        times = [name for name in ("Created_Time", "Modified_Time", "Last_Activity_Time") if name in names]
        return [*members, *(f'"{name}":"%s"' for name in times), '"id":"%s"'], fills

    def _linked(self, link: Link) -> Fill:
        lookup, id_of, module, of = self._lookup, self._baselines[link.module].id_of, link.module, link.of

        def fill(indexes: Sequence[int], _: Sequence[int]) -> list[str]:
            known: dict[int | None, str] = {None: "null"}  # of this page: a lookup's name may have changed since
            texts = []
            for other in map(of, indexes):
                if other not in known:
                    assert other is not None
                    known[other] = lookup(module, id_of(other))
                texts.append(known[other])
            return texts

        return fill


def _picked(texts: Sequence[str], shift: int) -> Fill:
    size = len(texts)
    return lambda _, hashes: [texts[(mixed >> shift) % size] for mixed in hashes]


def _computed(compute: Compute, name: str, shape: Shape) -> Fill:
    """Texts among the values need no escaping."""

    def fill(indexes: Sequence[int], hashes: Sequence[int]) -> list[str]:
        values = map(compute, indexes, hashes)
        shaped = [value if value is None or isinstance(value, str) else shape(name, value) for value in values]
        return ["null" if v is None else f'"{v}"' if isinstance(v, str) else str(v) for v in shaped]

    return fill
