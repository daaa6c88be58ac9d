"""The modules that an org has, that is its kinds of records."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Module:
    """One kind of record, under the name that paths and queries use."""

    api_name: str
    singular: str
    label: str
    number: int  # sets the module's ids apart from those of the others
    display: str  # the field that names a record where another one refers to it
    check: str  # the field that an upsert matches when it is told none
    searched: tuple[str, ...]  # what a search for a word looks at
    phones: tuple[str, ...]


CONTACTS = Module(
    api_name="Contacts",
    singular="Contact",
    label="Contacts",
    number=1,
    display="Full_Name",
    check="Email",
    searched=("Full_Name", "Email", "Title", "Department", "Phone", "Mobile", "Secondary_Email"),
    phones=("Phone", "Mobile", "Home_Phone", "Other_Phone"),
)
ACCOUNTS = Module(
    api_name="Accounts",
    singular="Account",
    label="Accounts",
    number=2,
    display="Account_Name",
    check="Account_Name",
    searched=("Account_Name", "Website", "Phone", "Industry"),
    phones=("Phone",),
)
DEALS = Module(
    api_name="Deals",
    singular="Deal",
    label="Deals",
    number=3,
    display="Deal_Name",
    check="Deal_Name",
    searched=("Deal_Name", "Stage", "Type", "Next_Step"),
    phones=(),
)
LEADS = Module(
    api_name="Leads",
    singular="Lead",
    label="Leads",
    number=4,
    display="Full_Name",
    check="Email",
    searched=("Full_Name", "Company", "Email", "Phone", "Mobile", "Designation"),
    phones=("Phone", "Mobile"),
)
MODULES = (LEADS, ACCOUNTS, CONTACTS, DEALS)
