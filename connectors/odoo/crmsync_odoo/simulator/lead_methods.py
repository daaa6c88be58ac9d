"""The public methods that only leads and partners have."""

from __future__ import annotations

from typing import Any

from crmsync_odoo.simulator.calls import Call, method
from crmsync_odoo.simulator.models import leads
from crmsync_odoo.simulator.models.merging import merge_leads

LEAD = "crm.lead"


@method("action_archive", "write", on_records=True, model=LEAD)
def action_archive(call: Call) -> None:
    leads.archive(call.writer, call.model, call.ids)


@method("action_unarchive", "write", on_records=True, model=LEAD)
def action_unarchive(call: Call) -> None:
    leads.unarchive(call.writer, call.model, call.ids)


@method("action_set_lost", "write", on_records=True, model=LEAD)
def action_set_lost(call: Call, **additional_values: Any) -> None:
    call.writer.write(call.model, call.ids, {**leads.LOST, **additional_values})


@method("action_set_won", "write", on_records=True, model=LEAD)
def action_set_won(call: Call) -> bool:
    leads.set_won(call.writer, call.model, call.ids)
    return True


@method("merge_opportunity", "write", on_records=True, model=LEAD)
def merge_opportunity(call: Call, **_assignment: Any) -> int:
    """The winner's id; the others are deleted."""
    return merge_leads(call.writer, call.ids)


@method("convert_opportunity", "write", on_records=True, model=LEAD)
def convert_opportunity(call: Call, partner: Any, **_assignment: Any) -> bool:
    row: dict[str, Any] = {"type": "opportunity"}
    call.writer.write(call.model, call.ids, {**row, "partner_id": partner} if partner else row)
    return True
