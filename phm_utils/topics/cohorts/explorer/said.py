"""What a rule file says beside its criteria, as lines of text."""

from collections.abc import Mapping
from typing import Any

from phm_utils.topics.cohorts.explorer.controls import Control, day_or_text, shown, text

SAID = {
    "title": "Title",
    "short": "Short title (40 letters)",
    "question": "Question",
    "use": "What could be offered",
    "source": "Source of the definition",
    "owner": "Owner (role)",
    "sponsor": "Clinical sponsor",
    "dated": "Day of the definition",
    "review": "Day of its review",
    "neutral_title": "Neutral title, for lists",
    "neutral_reason": "Neutral reason, for lists",
}
DAYS = ("dated", "review")
OF_HOUSEHOLDS = ("neutral_title", "neutral_reason")  # asked where the criteria ask about others in the household


class SaidFields:
    """One line of text for each of SAID; an empty one is not in the file."""

    def __init__(self) -> None:
        self.controls: dict[str, Control] = {name: text(label) for name, label in SAID.items()}
        self.ask_of_households(False)

    def ask_of_households(self, yes: bool) -> None:
        """Show, or not, what a file says that asks about others in the household."""
        for name in OF_HOUSEHOLDS:
            shown(self.controls[name], yes)

    def write(self, content: Mapping[str, Any]) -> None:
        """Show what a file says."""
        for name, control in self.controls.items():
            control.value = str(content.get(name, "")).strip()

    def read(self) -> dict[str, Any]:
        """What a file has for it."""
        said = {name: control.value.strip() for name, control in self.controls.items() if control.value.strip()}
        return {name: day_or_text(words) if name in DAYS else words for name, words in said.items()}
