"""How partners behave: what flows from a company to its people, and between a partner and its leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.data.users import OWN_COMPANY
from crmsync_odoo.simulator.models.partner_fields import ADDRESS, COMMERCIAL, email_normalized
from crmsync_odoo.simulator.orm.convert import url
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.fields import Raw
from crmsync_odoo.simulator.orm.model import Behaviour, Values
from crmsync_odoo.simulator.orm.table import Table
from crmsync_odoo.simulator.orm.writes import Writer, is_same

COPIED = {"email": "email_from", "phone": "phone"}  # a partner's field, and the lead's that follows it both ways


class PartnerBehaviour(Behaviour):
    """People, companies and addresses."""

    defaults: Mapping[str, Raw] = {"active": True, "type": "contact", "is_company": False, "lang": "en_US"}

    def prepare(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        if "company_type" not in given:
            return given
        rest = {name: value for name, value in given.items() if name != "company_type"}
        return {**rest, "is_company": given["company_type"] == "company"}

    def creating(self, env: Env, record_id: int, values: Values) -> None:
        self._complete(env, record_id, values)
        if values.get("type") == "contact" and values.get("name") is None:
            raise errors.invalid("The operation cannot be completed: Contacts require a name")

    def writing(self, env: Env, record_id: int, values: Values) -> None:
        table = env.model("res.partner").table
        self._complete(env, record_id, values)
        name, kind = (_now(table, record_id, values, key) for key in ("name", "type"))
        if {"name", "type"} & set(values) and kind == "contact" and name is None:
            raise errors.invalid("The operation cannot be completed: Contacts require a name")

    def written(
        self, writer: Writer, record_ids: Sequence[int], names: Iterable[str], former: Mapping[int, Values]
    ) -> None:
        if not former:
            return
        changed = set(names)
        for each in record_ids:
            if changed != {"active"} or writer.env.version < 19:
                self._move_children(writer, each, changed)
            self._tell_leads(writer, each, changed)

    def unlinking(self, writer: Writer, record_ids: Sequence[int]) -> None:
        env, ids = writer.env, set(record_ids)
        users = env.model("res.users").table
        linked = [user for each in record_ids for user in users.referrers("partner_id", each)]
        if any(users.value(user, "active") for user in linked):
            raise errors.redirect(
                "You cannot delete contacts linked to an active user.\nAsk an administrator to archive the user first."
            )
        if linked or OWN_COMPANY in ids:
            raise errors.invalid(errors.ANOTHER_MODEL)
        partners, leads = env.model("res.partner"), env.model("crm.lead")
        for each in record_ids:
            for child in partners.table.referrers("parent_id", each):
                if child not in ids:
                    writer.change(partners, child, {"parent_id": None})
            for lead in leads.table.referrers("partner_id", each):
                if self._copied(env, each, lead):
                    writer.change(leads, lead, {"partner_id": None})
                else:  # done by the database, which knows no time of change
                    leads.table.put(lead, {"partner_id": None})

    def _complete(self, env: Env, record_id: int, values: Values) -> None:
        """What follows within the record itself."""
        if values.get("website"):
            values["website"] = url(str(values["website"]))
        if "email" in values:
            values["email_normalized"] = email_normalized(values["email"])
        table = env.model("res.partner").table
        parent = _now(table, record_id, values, "parent_id")
        if not isinstance(parent, int) or not {"parent_id", "vat"} & set(values):
            return
        copied: list[str] = []
        if "parent_id" in values:
            self._check_hierarchy(env, record_id, parent)
            values["company_name"] = None
            if _now(table, record_id, values, "type") == "contact" and any(table.value(parent, n) for n in ADDRESS):
                copied += ADDRESS
        if not _now(table, record_id, values, "is_company"):
            values["vat"] = table.value(parent, "vat")
            copied += COMMERCIAL if "parent_id" in values else []
        values.update({name: table.value(parent, name) for name in copied if not values.get(name)})

    def _check_hierarchy(self, env: Env, record_id: int, parent: int) -> None:
        table, at, seen = env.model("res.partner").table, parent, set[int]()
        while at not in seen:
            if at == record_id:
                raise errors.invalid("You cannot create recursive Partner hierarchies.")
            seen.add(at)
            above = table.value(at, "parent_id")
            at = above if isinstance(above, int) else at

    def _move_children(self, writer: Writer, record_id: int, changed: set[str]) -> None:
        """Any write to a company moves its people; its address and what is commercial are copied to them."""
        model = writer.env.model("res.partner")
        for child in model.table.referrers("parent_id", record_id):
            names = [name for name in COMMERCIAL if name in changed and not model.table.value(child, "is_company")]
            if model.table.value(child, "type") == "contact":
                names += [name for name in ADDRESS if name in changed]
            writer.change(model, child, {name: model.table.value(record_id, name) for name in names})
            self._move_children(writer, child, set(names))

    def _tell_leads(self, writer: Writer, record_id: int, changed: set[str]) -> None:
        """The leads of a partner take over a new e-mail address or telephone number."""
        leads, table = writer.env.model("crm.lead"), writer.env.model("res.partner").table
        for name, copy in COPIED.items():
            value = table.value(record_id, name)
            if name not in changed or not value:
                continue
            for lead in leads.table.referrers("partner_id", record_id):
                if not is_same(leads.table.value(lead, copy), value):
                    writer.change(leads, lead, {copy: value})

    def _copied(self, env: Env, partner: int, lead: int) -> bool:
        """Whether a lead shows its partner's e-mail address or telephone number."""
        mine, theirs = env.model("crm.lead").table, env.model("res.partner").table
        values = [(mine.value(lead, copy), theirs.value(partner, name)) for name, copy in COPIED.items()]
        return any(copy and copy == value for copy, value in values)


def _now(table: Table, record_id: int, values: Values, name: str) -> Raw:
    """A value as it will be."""
    if name in values:
        return values[name]
    return table.value(record_id, name) if table.has(record_id) else None
