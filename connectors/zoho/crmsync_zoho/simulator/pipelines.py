"""The stages of deals, and the two pipelines of a fresh org that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crmsync_zoho.simulator.ids import definition_id

AREA = 40
CATEGORIES = {"Pipeline": 1, "Best Case": 2, "Committed": 3, "Closed": 4, "Omitted": 5}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage; records show `display`, and either text may be written."""

    display: str
    actual: str
    probability: int
    forecast_type: str
    category: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages in their order. Records show the display text, here the same as the actual one."""

    name: str
    label: str
    stages: tuple[str, ...]
    default: bool = False


STAGES = (
    Stage("Qualification", "Qualification", 10, "Open", "Pipeline"),
    Stage("Needs Analysis", "Needs Analysis", 20, "Open", "Pipeline"),
    Stage("Value Proposition", "Value Proposition", 40, "Open", "Pipeline"),
    Stage("Identify Decision Makers", "Id. Decision Makers", 60, "Open", "Pipeline"),
    Stage("Proposal/Price Quote", "Proposal/Price Quote", 75, "Open", "Best Case"),
    Stage("Negotiation/Review", "Negotiation/Review", 90, "Open", "Committed"),
    Stage("Renewal Due", "Renewal Due", 50, "Open", "Pipeline"),
    Stage("Closed Won", "Closed Won", 100, "Closed Won", "Closed"),
    Stage("Closed Lost", "Closed Lost", 0, "Closed Lost", "Omitted"),
    Stage("Closed-Lost to Competition", "Closed Lost to Competition", 0, "Closed Lost", "Omitted"),
)
PIPELINES = (
    Pipeline("Standard (Standard)", "Standard", tuple(s.display for s in STAGES if s.display != "Renewal Due"), True),
    Pipeline("Renewals", "Renewals", ("Renewal Due", "Negotiation/Review", "Closed Won", "Closed Lost")),
)


def stage_named(text: object, stages: Sequence[Stage] = STAGES) -> Stage | None:
    """By either of its texts."""
    return next((stage for stage in stages if text in (stage.display, stage.actual)), None)


def shown_pipeline(seed: int, number: int, pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline as `/settings/pipeline` lists it."""
    return {
        "display_value": pipeline.label,
        "default": pipeline.default,
        "maps": [shown_stage(seed, name, place) for place, name in enumerate(pipeline.stages, 1)],
        "actual_value": pipeline.name,
        "id": definition_id(seed, AREA, number + 1),
    }


def shown_stage(seed: int, name: str, place: int) -> dict[str, Any]:
    number = next(number for number, stage in enumerate(STAGES) if stage.display == name)
    stage = STAGES[number]
    return {
        "display_value": stage.display,
        "sequence_number": place,
        "colour_code": "#658BA8",
        "forecast_category": _category(seed, stage),
        "actual_value": stage.actual,
        "id": definition_id(seed, AREA, 100 + number),
        "forecast_type": stage.forecast_type,
    }


def stage_option(seed: int, number: int) -> dict[str, Any]:
    """What the options of the field `Stage` tell beyond those of other fields."""
    stage = STAGES[number]
    return {
        "probability": stage.probability,
        "forecast_type": stage.forecast_type,
        "forecast_category": _category(seed, stage),
        "deal_category": stage.forecast_type,
    }


def _category(seed: int, stage: Stage) -> dict[str, Any]:
    return {"name": stage.category, "id": definition_id(seed, AREA, 200 + CATEGORIES[stage.category])}
