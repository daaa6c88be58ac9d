"""How far a bulk job has come: by the clock, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync_zoho.simulator.answers import Refused
from crmsync_zoho.simulator.org import Org

EXPORT_STEPS = ("ADDED", "QUEUED", "IN PROGRESS", "COMPLETED")
IMPORT_STEPS = ("ADDED", "INPROGRESS", "COMPLETED")


def step(org: Org, created_s: float, steps: Sequence[str]) -> str:
    """The step that a job is at now; without a length of steps it is done at once."""
    length_s, age_s = org.switches.bulk.step_s, org.clock.now().timestamp() - created_s
    return steps[-1] if length_s <= 0 else steps[min(int(age_s / length_s), len(steps) - 1)]


def unknown_job(job_id: str) -> Refused:
    return Refused(404, "RESOURCE_NOT_FOUND", "the requested resource doesn't exist", {"resource": job_id})


def check_callback(given: object) -> str:
    """The address to call when a job is done; empty without one."""
    if given is None:
        return ""
    url = given.get("url") if isinstance(given, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise Refused(400, "INVALID_CALLBACK_URL", "the callback url is invalid", {})
    assert isinstance(given, dict)
    if given.get("method") != "post":
        details = {"supported_callback_methods": ["post"]}
        raise Refused(400, "INVALID_CALLBACK_METHOD", "the callback method is not supported", details)
    return url
