"""How modules, fields and layouts are described."""

from __future__ import annotations

from typing import Any

from crmsync_zoho.simulator.catalogue import HIDDEN_IN_LISTS, LOOKUPS, Field
from crmsync_zoho.simulator.ids import definition_id
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.pipelines import stage_option
from crmsync_zoho.simulator.users import profiles

LAYOUTS_AREA, SECTIONS_AREA = 3, 4
JSON_TYPES = {
    "integer": "integer", "double": "double", "percent": "double", "currency": "double", "boolean": "boolean",
    "multiselectpicklist": "jsonarray", "subform": "jsonarray", "multiselectlookup": "jsonarray",
}  # fmt: skip


def layout_id(org: Org, shelf: Shelf) -> str:
    return definition_id(org.seed, LAYOUTS_AREA, shelf.module.number)


def shown_module(org: Org, shelf: Shelf) -> dict[str, Any]:
    module, everyone = shelf.module, profiles(org.seed)
    yes = (
        "global_search_supported recycle_bin_on_delete lookupable cc_enabled deletable creatable "
        "inventory_template_supported presence_sub_menu triggers_supported isBlueprintSupported convertable editable "
        "emailTemplate_support email_parser_supported filter_supported show_as_tab viewable api_supported quick_create "
        "feeds_required scoring_supported webform_supported visible"
    )
    no = "public_fields_configured has_more_profiles sub_menu_available track_current_data"
    return {
        **dict.fromkeys(yes.split(), True),
        **dict.fromkeys(no.split(), False),
        "profile_count": len(everyone),
        "module_type": "ENTITIES",
        "description": None,
        "modified_time": None,
        "id": org.module_id(module.api_name),
        "api_name": module.api_name,
        "module_name": module.api_name,
        "plural_label": module.label,
        "actual_plural_label": module.label,
        "singular_label": module.singular,
        "actual_singular_label": module.singular,
        "visibility": 1,
        "web_link": None,
        "generated_type": "default",
        "static_subform_properties": None,
        "arguments": [],
        "business_card_field_limit": 5,
        "access_type": "org_based",
        "private_profile": None,
        "modified_by": None,
        "profiles": everyone,
        "parent_module": None,
        "status": "visible",
        "sequence_number": module.number,
        "territory": None,
    }


def shown_field(org: Org, shelf: Shelf, field: Field) -> dict[str, Any]:
    """One field; long because a field has so many keys."""
    writes, everyone = not field.read_only, profiles(org.seed)
    no = (
        "webhook colour_code_enabled_by_system businesscard_supported separator history_tracking_enabled "
        "enable_colour_code virtual_field public pick_list_values_sorted_lexically hipaa_compliance_enabled"
    )
    nothing_known = (
        "associated_module tooltip display_format_properties customizable_properties association_details "
        "multi_module_lookup created_time external parent_field child_fields private crypt range modified_time "
        "hipaa_compliance address global_picklist display_format history_tracking additional_column"
    )
    permission = "read_write" if writes else "read_only"
    return {
        **dict.fromkeys(no.split(), False),
        **dict.fromkeys(nothing_known.split()),
        "operation_type": dict.fromkeys(("web_update", "api_create", "web_create", "api_update"), writes),
        "system_mandatory": field.mandatory,
        "required": field.mandatory,
        "field_label": field.label,
        "display_label": field.label,
        "type": "used",
        "field_read_only": field.read_only,
        "read_only": field.read_only,
        "id": field.id,
        "api_name": field.name,
        "filterable": field.filterable,
        "sortable": field.type not in ("textarea", *HIDDEN_IN_LISTS),
        "searchable": field.filterable,
        "visible": field.name != "id",
        "profiles": [{"permission_type": permission, **profile} for profile in everyone],
        "view_type": {"view": True, "edit": writes, "quick_create": field.mandatory, "create": writes},
        "unique": {"case_sensitive": org.switches.match_case} if field.unique else {},
        "pick_list_values": _options(org, shelf, field),
        "json_type": _json_type(field),
        "created_source": "custom" if field.custom else "default",
        "display_type": -1,
        "ui_type": 1,
        "email_parser": {"fields_update_supported": writes, "record_operations_supported": writes},
        "currency": {"rounding_option": "normal", "precision": 2} if field.type == "currency" else {},
        "custom_field": field.custom,
        "lookup": _lookup(org, field),
        "convert_mapping": {},
        "rollup_summary": {},
        "formula": {},
        "multiselectlookup": {},
        "auto_number": {},
        "length": field.length,
        "column_name": field.name.upper(),
        "display_field": field.name == shelf.module.display,
        "data_type": field.type,
        "decimal_place": 2 if field.type in ("currency", "double", "percent") else None,
        "mass_update": writes,
    }


def shown_layout(org: Org, shelf: Shelf) -> dict[str, Any]:
    """The one layout of a module; what it demands stands in its fields."""
    everyone, number = profiles(org.seed), shelf.module.number
    view = {"name": "Standard", "id": definition_id(org.seed, LAYOUTS_AREA, 50 + number), "type": "layout"}
    fields = [
        shown_field(org, shelf, field)
        | {"required": field.mandatory or (shelf.module.api_name, field.name) in org.switches.mandatory}
        for field in shelf.catalogue
    ]
    return {
        "has_more_profiles": False,
        "created_time": None,
        "convert_mapping": None,
        "visible": True,
        "created_for": None,
        "profiles": [{"default": True, **p, "_default_view": view, "_default_assignment_view": view} for p in everyone],
        "source": "crm",
        "created_by": None,
        "sections": [_section(org, shelf, fields)],
        "display_label": "Standard",
        "show_business_card": True,
        "actions_allowed": {
            "edit": True, "rename": True, "clone": True, "downgrade": False, "delete": False, "deactivate": False,
            "set_layout_permissions": True,
        },
        "modified_time": None,
        "api_name": "Standard",
        "name": "Standard",
        "modified_by": None,
        "generated_type": "system",
        "id": layout_id(org, shelf),
        "status": "active",
    }  # fmt: skip


def _section(org: Org, shelf: Shelf, fields: list[dict[str, Any]]) -> dict[str, Any]:
    name = f"{shelf.module.singular} Information"
    allowed = "add_field rename change_tab_traversal reorder delete remove_field change_column_count"
    return {
        "display_label": name,
        "sequence_number": 1,
        "isSubformSection": False,
        "type": "used",
        "mode": "all",
        "actions_allowed": dict.fromkeys(allowed.split(), True),
        "tab_traversal": "left_to_right",
        "api_name": name.replace(" ", "_"),
        "column_count": 2,
        "name": name,
        "generated_type": "default",
        "id": definition_id(org.seed, SECTIONS_AREA, shelf.module.number),
        "fields": fields,
        "properties": None,
    }


def _options(org: Org, shelf: Shelf, field: Field) -> list[dict[str, Any]]:
    stages = shelf.module.api_name == "Deals" and field.name == "Stage"
    return [
        {
            "display_value": option.display,
            "sequence_number": number + 1,
            "reference_value": option.actual,
            "actual_value": option.actual,
            "id": shelf.catalogue.option_id(field, number),
            "type": "used",
            **(stage_option(org.seed, number) if stages else {}),
        }
        for number, option in enumerate(field.options)
    ]


def _lookup(org: Org, field: Field) -> dict[str, Any]:
    if not field.target:
        return {}
    return {
        "display_label": field.label,
        "revalidate_filter_during_edit": False,
        "api_name": f"{field.name}_Lookup",
        "module": {"api_name": field.target, "crypt": False, "id": org.module_id(field.target)},
        "id": str(int(field.id) + 500),
        "query_details": {"system_query_id": None},
    }


def _json_type(field: Field) -> str:
    if field.name == "Tag":
        return "jsonarray"
    return "jsonobject" if field.type in LOOKUPS else JSON_TYPES.get(field.type, "string")
