"""How leads behave: stages, probabilities, won and lost, and what they share with their partner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.data.leads import score
from crmsync_odoo.simulator.models.partners import COPIED
from crmsync_odoo.simulator.orm.domain import TRUE
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.fields import Raw
from crmsync_odoo.simulator.orm.model import Behaviour, Model, Values
from crmsync_odoo.simulator.orm.ordering import ordered, read_order
from crmsync_odoo.simulator.orm.records import Records
from crmsync_odoo.simulator.orm.search import found
from crmsync_odoo.simulator.orm.writes import Writer, is_same

CLOSED = 100.0  # the probability of what is won
LOST: Mapping[str, Any] = {"active": False, "probability": 0, "automated_probability": 0}
_STATE = {"active", "probability", "stage_id"}


class LeadBehaviour(Behaviour):
    """Leads and opportunities."""

    defaults: Mapping[str, Raw] = {
        "active": True,
        "priority": "0",
        "team_id": 1,
        "company_id": 1,
        "expected_revenue": 0.0,
    }

    def fill(self, env: Env, values: Values) -> None:
        """Who creates a lead looks after it; it begins in the first stage."""
        stages = stages_in_order(env)
        values.setdefault("type", "lead" if env.database.switches.leads_option else "opportunity")
        values.setdefault("user_id", env.uid)
        values.setdefault("stage_id", stages[0] if stages else None)
        values.setdefault("date_open", env.now_us)

    def creating(self, env: Env, record_id: int, values: Values) -> None:
        if is_won(env, values["stage_id"]):
            values |= {"probability": CLOSED, "automated_probability": CLOSED}
            if env.version >= 19:
                values |= {"active": True, "date_closed": env.now_us}
        values.setdefault("automated_probability", _score(env, record_id, values["stage_id"]))
        values.setdefault("probability", values["automated_probability"])
        values["date_last_stage_update"] = env.now_us
        self._from_partner(env, values)

    def writing(self, env: Env, record_id: int, values: Values) -> None:
        table = env.model("crm.lead").table
        won = "stage_id" in values and is_won(env, values["stage_id"])
        if won:
            values |= {"probability": CLOSED, "automated_probability": CLOSED}
            if env.version >= 19:
                values["active"] = True
        values |= self._closing(env, values, won=won)
        if {"stage_id", "team_id"} & set(values):
            values |= self._chances(env, record_id, values)
        if "stage_id" in values and values["stage_id"] != table.value(record_id, "stage_id"):
            values["date_last_stage_update"] = env.now_us
        if _STATE & set(values):
            values.setdefault("won_status", None)
        self._from_partner(env, values)
        self._check_won(env, record_id, values)

    def written(
        self,
        writer: Writer,
        record_ids: Sequence[int],
        names: Iterable[str],
        former: Mapping[int, Values],  # noqa: ARG002 - as for all models
    ) -> None:
        given = set(names)
        for each in record_ids:
            self._to_partner(writer, each, given)
            if "user_id" in given:
                self._mail(writer.env, each)

    def _closing(self, env: Env, values: Values, *, won: bool) -> Values:
        """When a lead was closed: set by certainty and by archiving, taken away by chances."""
        chance = float(values.get("probability") or 0)  # type: ignore[arg-type]
        if chance >= CLOSED or not values.get("active", True):
            return {"date_closed": env.now_us}
        if chance > 0 or ("stage_id" in values and not won and "probability" not in values):
            return {"date_closed": None}
        return {}

    def _chances(self, env: Env, record_id: int, values: Values) -> Values:
        """A new stage or team makes the server think again, unless the probability was set by hand."""
        table = env.model("crm.lead").table

        def now(name: str) -> Raw:
            return values[name] if name in values else table.value(record_id, name)

        mine, theirs = (float(now(name) or 0) for name in ("probability", "automated_probability"))  # type: ignore[arg-type]
        fresh = _score(env, record_id, now("stage_id"))
        more: Values = {} if "automated_probability" in values else {"automated_probability": fresh}
        if now("active") and abs(mine - theirs) < 0.005 and "probability" not in values:
            more["probability"] = fresh
        return more

    def _check_won(self, env: Env, record_id: int, values: Values) -> None:
        table = env.model("crm.lead").table
        if env.version < 19 or "probability" not in values:
            return
        stage = values["stage_id"] if "stage_id" in values else table.value(record_id, "stage_id")
        if is_won(env, stage) and values["probability"] != CLOSED:
            raise errors.invalid("A lead in a Won stage cannot be lost. Move it to another stage first.")

    def _from_partner(self, env: Env, values: Values) -> None:
        """A lead that is given a partner takes over its e-mail address and telephone number."""
        partner, table = values.get("partner_id"), env.model("res.partner").table
        for name, copy in COPIED.items():
            if isinstance(partner, int) and not values.get(copy) and table.value(partner, name):
                values[copy] = table.value(partner, name)

    def _to_partner(self, writer: Writer, record_id: int, given: set[str]) -> None:
        """A lead's e-mail address or telephone number is written over its partner's."""
        leads, partners = writer.env.model("crm.lead").table, writer.env.model("res.partner")
        partner = leads.value(record_id, "partner_id")
        if not isinstance(partner, int):
            return
        for name, copy in COPIED.items():
            value = leads.value(record_id, copy)
            if copy in given and value and not is_same(partners.table.value(partner, name), value):
                Writer(writer.env.sudo()).write(partners, [partner], {name: value})

    def _mail(self, env: Env, record_id: int) -> None:
        """The salesperson is told, unless they did it themselves or the context asks for silence."""
        seller = env.model("crm.lead").table.value(record_id, "user_id")
        silent = env.context.get("tracking_disable") or env.context.get("mail_auto_subscribe_no_notify")
        if isinstance(seller, int) and seller != env.uid and not silent:
            env.database.mails.append(str(env.model("res.users").table.value(seller, "login")))


def archive(writer: Writer, model: Model, ids: Sequence[int]) -> None:
    """Until 18 archiving a lead is losing it."""
    writer.write(model, ids, LOST if writer.env.version < 19 else {"active": False})


def unarchive(writer: Writer, model: Model, ids: Sequence[int]) -> None:
    """Reopen: the server thinks of a probability anew."""
    for each in ids:
        chance = _score(writer.env, each, model.table.value(each, "stage_id"))
        writer.write(
            model,
            [each],
            {"active": True, "probability": chance, "automated_probability": chance, "lost_reason_id": False},
        )


def set_won(writer: Writer, model: Model, ids: Sequence[int]) -> None:
    """Move to the first won stage."""
    won = [stage for stage in stages_in_order(writer.env) if is_won(writer.env, stage)]
    writer.write(model, ids, {"active": True, "stage_id": won[0] if won else False, "probability": CLOSED})


def is_won(env: Env, stage: Raw) -> bool:
    return isinstance(stage, int) and bool(env.model("crm.stage").table.value(stage, "is_won"))


def stages_in_order(env: Env) -> list[int]:
    model = env.model("crm.stage")
    ids = list(found(env, model, TRUE))
    return ordered(Records(env, model, ids), read_order(env, model, model.order))


def _score(env: Env, record_id: int, stage: Raw) -> float:
    return score(stage, record_id, won=is_won(env, stage))
