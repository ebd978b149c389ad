"""How sure a diagnosis is: what FHIR, the letters of the German edition and code maps say of it, in one set of words.

Source: https://hl7.org/fhir/R4/valueset-condition-ver-status.html; BfArM, Zusatzkennzeichen zur Diagnosensicherheit.
Pure.
"""

from __future__ import annotations

from typing import Literal

Certainty = Literal["", "suspected", "history", "excluded"]
"""Empty: the disease is there. `history`: it is over. `excluded`: it was looked for, or noted by mistake, and is not
there."""

SUSPECTED: Certainty = "suspected"
HISTORY: Certainty = "history"
EXCLUDED: Certainty = "excluded"
NOT_PRESENT = (HISTORY, EXCLUDED)

VERIFICATION: dict[str, Certainty] = {
    "unconfirmed": SUSPECTED,
    "provisional": SUSPECTED,
    "differential": SUSPECTED,
    "confirmed": "",
    "refuted": EXCLUDED,
    "entered-in-error": EXCLUDED,
    "unknown": "",
}
"""FHIR's Condition.verificationStatus."""

LETTERS: dict[str, Certainty] = {"G": "", "V": SUSPECTED, "Z": HISTORY, "A": EXCLUDED}
"""After a code of the German edition: gesichert, Verdacht, Zustand nach, ausgeschlossen."""
