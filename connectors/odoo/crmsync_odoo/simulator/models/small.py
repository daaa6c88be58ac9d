"""How the models behave that need little: stages, lists, external ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.orm.domain import Leaf
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.fields import Raw
from crmsync_odoo.simulator.orm.model import Behaviour, Values
from crmsync_odoo.simulator.orm.search import found
from crmsync_odoo.simulator.orm.writes import Writer


class ActiveByDefault(Behaviour):
    """A new record is active."""

    defaults: Mapping[str, Raw] = {"active": True}


class StageBehaviour(Behaviour):
    """Stages of a pipeline."""

    defaults: Mapping[str, Raw] = {"sequence": 1, "is_won": False, "fold": False}

    def unlinking(self, writer: Writer, record_ids: Sequence[int]) -> None:
        env = writer.env.sudo()
        if next(found(env, env.model("crm.lead"), Leaf("stage_id", "in", list(record_ids))), None) is not None:
            raise errors.invalid(errors.ANOTHER_MODEL)


class ExternalIdBehaviour(Behaviour):
    """Names that other systems give to records; each but once."""

    defaults: Mapping[str, Raw] = {"module": "", "noupdate": False}

    def creating(self, env: Env, record_id: int, values: Values) -> None:  # noqa: ARG002 - as for all models
        name, module = str(values.get("name") or ""), values.get("module")
        if " " in name:
            raise errors.invalid("The operation cannot be completed: External IDs cannot contain spaces")
        table = env.model("ir.model.data").table
        if any(table.value(each, "module") == module for each in table.referrers("name", name)):
            text = "You cannot have multiple records with the same external ID in the same module!"
            raise errors.invalid(f"The operation cannot be completed: {text}")
