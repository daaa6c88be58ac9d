"""The object types that a portal knows, and the names they go by in paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One object type."""

    plural: str
    singular: str
    type_id: str
    modified: str  # the property that holds the time of the last change
    defaults: tuple[str, ...]  # what a read gives when it asks for no properties
    searched: tuple[str, ...]  # what a search's `query` looks at
    scope: str

    @property
    def always(self) -> tuple[str, ...]:
        """Properties of every answer, asked for or not."""
        return ("createdate", self.modified, "hs_object_id")


CONTACTS = Kind(
    plural="contacts",
    singular="contact",
    type_id="0-1",
    modified="lastmodifieddate",
    defaults=("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    searched=("firstname", "lastname", "email", "phone", "company", "hs_additional_emails"),
    scope="crm.objects.contacts",
)
COMPANIES = Kind(
    plural="companies",
    singular="company",
    type_id="0-2",
    modified="hs_lastmodifieddate",
    defaults=("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    searched=("name", "domain", "phone", "website"),
    scope="crm.objects.companies",
)
DEALS = Kind(
    plural="deals",
    singular="deal",
    type_id="0-3",
    modified="hs_lastmodifieddate",
    defaults=(
        "amount",
        "closedate",
        "createdate",
        "dealname",
        "dealstage",
        "hs_lastmodifieddate",
        "hs_object_id",
        "pipeline",
    ),
    searched=("dealname", "pipeline", "dealstage", "description", "dealtype"),
    scope="crm.objects.deals",
)
TICKETS = Kind(
    plural="tickets",
    singular="ticket",
    type_id="0-5",
    modified="hs_lastmodifieddate",
    defaults=("content", "createdate", "hs_lastmodifieddate", "hs_object_id", "hs_pipeline_stage", "subject"),
    searched=("subject", "content"),
    scope="tickets",
)
KINDS = (CONTACTS, COMPANIES, DEALS, TICKETS)


def kind_named(name: str, kinds: Sequence[Kind] = KINDS) -> Kind | None:
    """The kind that a path segment means: plural, singular or type id."""
    wanted = name.lower()
    return next((kind for kind in kinds if wanted in (kind.plural, kind.singular, kind.type_id)), None)
