"""Accessibility by rule: axe-core, run in the page under test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parent / "vendor" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]  # WCAG 2.2 level AA and all below


def violations(page: Any, inside: str = "html") -> list[str]:
    """What axe finds wrong in a Playwright page: one line for each element, with the rule and how to mend it.

    `inside` is a selector that leaves the rest of the page out.

    The script is evaluated by the browser's own tools, so the page's content policy stays as strict as it is.
    """
    page.evaluate("scrollTo(0, 0)")  # what has scrolled half under the sticky head is not too small
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    found = page.evaluate(
        "([place, rules]) => axe.run(place, {runOnly: rules, resultTypes: ['violations']}).then(r => r.violations)",
        [inside, RULES],
    )
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {' '.join(node['failureSummary'].split())}"
        for rule in found
        for node in rule["nodes"]
    ]
