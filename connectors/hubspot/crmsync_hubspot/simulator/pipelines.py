"""The two pipelines of a fresh portal's deals, and the one of its tickets."""

from __future__ import annotations

from typing import Any

EPOCH = "1970-01-01T00:00:00Z"
CREATED = "2024-03-04T09:30:00Z"

# pipeline id, stage id, probability, closed, stage label
_DEAL_STAGES = (
    ("default", "appointmentscheduled", "0.2", False, "Appointment Scheduled"),
    ("default", "qualifiedtobuy", "0.4", False, "Qualified To Buy"),
    ("default", "presentationscheduled", "0.6", False, "Presentation Scheduled"),
    ("default", "decisionmakerboughtin", "0.8", False, "Decision Maker Bought-In"),
    ("default", "contractsent", "0.9", False, "Contract Sent"),
    ("default", "closedwon", "1.0", True, "Closed Won"),
    ("default", "closedlost", "0.0", True, "Closed Lost"),
    ("74625110", "141058321", "0.3", False, "Renewal Due"),
    ("74625110", "141058322", "0.7", False, "Offer Sent"),
    ("74625110", "141058323", "1.0", True, "Closed Won"),
    ("74625110", "141058324", "0.0", True, "Churned"),
)
STAGES = tuple(stage[:4] for stage in _DEAL_STAGES)


def fresh_pipelines() -> dict[str, list[dict[str, Any]]]:
    """Pipelines by object type, as the API shows them. The caller may change them."""
    deals = [_pipeline("default", "Sales Pipeline", 0, EPOCH), _pipeline("74625110", "Renewals", 1, CREATED)]
    for pipeline_id, stage_id, probability, closed, label in _DEAL_STAGES:
        pipeline = next(entry for entry in deals if entry["id"] == pipeline_id)
        metadata = {"isClosed": str(closed).lower(), "probability": probability}
        pipeline["stages"].append(_stage(stage_id, label, len(pipeline["stages"]), metadata, pipeline["createdAt"]))
    tickets = _pipeline("0", "Support Pipeline", 0, EPOCH)
    for number, label in enumerate(("New", "Waiting on contact", "Waiting on us", "Closed"), 1):
        metadata = {"isClosed": str(number == 4).lower(), "ticketState": "CLOSED" if number == 4 else "OPEN"}
        tickets["stages"].append(_stage(str(number), label, number - 1, metadata, EPOCH))
    return {"deals": deals, "tickets": [tickets]}


def _pipeline(pipeline_id: str, label: str, order: int, created: str) -> dict[str, Any]:
    return {
        "id": pipeline_id,
        "label": label,
        "displayOrder": order,
        "stages": [],
        "createdAt": created,
        "updatedAt": created,
        "archived": False,
    }


def _stage(stage_id: str, label: str, order: int, metadata: dict[str, str], created: str) -> dict[str, Any]:
    return {
        "id": stage_id,
        "label": label,
        "displayOrder": order,
        "metadata": metadata,
        "createdAt": created,
        "updatedAt": created,
        "archived": False,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }
