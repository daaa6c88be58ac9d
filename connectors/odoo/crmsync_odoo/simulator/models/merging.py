"""Merging: of two records one is left. Nothing but the external ids of both tells of it."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.orm.fields import LOGGED, MANY, Raw
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.orm.writes import Writer

REFERENCES = {"res.partner": (("res.partner", "parent_id"), ("crm.lead", "partner_id"))}


def merge_partners(writer: Writer, winner: int, losers: Sequence[int]) -> None:
    """Whatever referred to a loser refers to the winner; the database does that, which knows no time of change."""
    _merge(writer, writer.env.model("res.partner"), winner, losers)


def merge_leads(writer: Writer, ids: Sequence[int]) -> int:
    """The furthest one wins, its id is returned."""
    model = writer.env.model("crm.lead")
    writer.check_there(model, ids)
    if len(ids) < 2:
        raise errors.user_error("Select at least two leads or opportunities to merge.")
    value = model.table.value
    winner = max(ids, key=lambda each: (bool(value(each, "active")), value(each, "probability") or 0.0, -each))
    _merge(writer, model, winner, [each for each in ids if each != winner])
    return winner


def _merge(writer: Writer, model: Model, winner: int, losers: Sequence[int]) -> None:
    env = writer.env
    names = env.model("ir.model.data").table
    for loser in losers:
        for line in names.referrers("res_id", loser):
            if names.value(line, "model") == model.name:
                names.put(line, {"res_id": winner})
        for other, field in REFERENCES.get(model.name, ()):
            table = env.model(other).table
            for each in table.referrers(field, loser):
                table.put(each, {field: winner if each != winner else None})
    gaps = {name: value for loser in losers for name, value in _fills(model, winner, loser).items()}
    writer.change(model, winner, gaps)
    model.behaviour.written(writer, [winner], ["name", *gaps], {winner: {}})
    writer.unlink(model, losers)


def _fills(model: Model, winner: int, loser: int) -> dict[str, Raw]:
    """What the loser knows and the winner does not."""
    value, found = model.table.value, dict[str, Raw]()
    for name, field in model.fields.items():
        if field.compute is None and field.type not in MANY and name not in (*LOGGED, "active", "parent_id"):
            mine, theirs = value(winner, name), value(loser, name)
            if mine in (None, "") and theirs not in (None, ""):
                found[name] = theirs
    return found
