"""In whose name, in which context and when something is done: one for each request, which is one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.orm.model import Model, Values

if TYPE_CHECKING:
    from crmsync_odoo.simulator.database import Database
    from crmsync_odoo.simulator.orm.records import Records

SUPERUSER = 1


class Change(NamedTuple):
    """Something that is done to a record, for whoever wants to be told."""

    kind: str  # create, write, unlink
    model: Model
    record_id: int
    names: frozenset[str]  # the fields given
    former: Values  # values before a write


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that waits to be sent."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Env:
    """`posts` are the webhooks that go out when the request is done; environments of one request share them."""

    database: Database
    uid: int
    now_us: int
    context: Mapping[str, Any] = field(default_factory=dict)
    posts: list[Delivery] = field(default_factory=list)

    @property
    def version(self) -> int:
        return self.database.version

    @property
    def active_test(self) -> bool:
        return bool(self.context.get("active_test", True))

    @property
    def is_superuser(self) -> bool:
        return self.uid == SUPERUSER

    def model(self, name: str) -> Model:
        """A model that is there; clients' names go through `Database.models`."""
        return self.database.models[name]

    def records(self, model: str, ids: Sequence[int]) -> Records:
        from crmsync_odoo.simulator.orm.records import Records

        return Records(self, self.model(model), ids)

    def sudo(self) -> Env:
        """The same without rules of access."""
        return replace(self, uid=SUPERUSER)

    def checked(self) -> Env:
        """Refuse a context that names a language or a company that is not there."""
        lang = self.context.get("lang")
        if self.version >= 19 and lang and lang not in self.database.languages:
            raise errors.user_error(f"Invalid language code: {lang}")
        companies = self.context.get("allowed_company_ids") or []
        if any(not self.model("res.company").table.has(company) for company in companies):
            raise errors.access("Access to unauthorized or invalid companies.")
        return self
