"""The same export a week later: corrected rows, rows already seen, rows gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from .drafting import CentreExport
from .truth import Expected

__all__ = ["Correction", "correct"]


@dataclass(frozen=True)
class Correction:
    """A later export.

    Args:
        export: its rows and their truth: what the portal holds once it is loaded.
        corrected: ids of the requests that say something else now.
        withdrawn: ids of the requests that are gone.
    """

    export: CentreExport
    corrected: tuple[str, ...]
    withdrawn: tuple[str, ...]

    def with_withdrawn(self, earlier: CentreExport) -> CentreExport:
        """The rows of both: what a portal holds, as nothing is deleted.

        Args:
            earlier: the export this one corrects.
        """
        gone = [row for row in earlier.requests if row["id"] in self.withdrawn]
        truth = [each for each in earlier.truth if each.kind == "request" and each.id in self.withdrawn]
        return replace(
            self.export, requests=[*self.export.requests, *gone], truth=[*self.export.truth, *truth]
        )


def correct(
    export: CentreExport, changed_s: float, *, corrected: int = 5, withdrawn: int = 2, number: int = 1
) -> Correction:
    """The same rows, some of them corrected, some gone; all others as they were.

    Args:
        export: as it was loaded.
        changed_s: seconds after each row's own moment when it was corrected.
        corrected, withdrawn: how many requests; only such as made a deal.
        number: chance.
    """
    rng = Random(f"correction:{number}")  # noqa: S311  # chance, not secrecy
    made = [each for each in export.truth if each.deal == f"new:{each.id}" and each.kind == "request"]
    joined = {each.deal for each in export.truth if each.deal != f"new:{each.id}"}
    told = {row["request"] for row in export.history}
    alone = [each for each in made if each.deal not in joined and each.id not in told]
    chosen = rng.sample(alone, min(len(alone), corrected + withdrawn))
    changed = {each.id: each for each in chosen[:corrected]}
    gone = {each.id for each in chosen[corrected:]}
    requests, truth = [], list[Expected]()
    for row in export.requests:
        if row["id"] in gone:
            continue
        if row["id"] in changed:
            title, amount = f"{row['title']} (уточнено)", row["amount"] + 50
            later = row["at"] + timedelta(seconds=changed_s)
            row = {**row, "title": title, "amount": amount, "changed": later}
            known = changed[row["id"]]
            holds = {**known.holds, "TITLE": title, "OPPORTUNITY": float(amount)}
            changed[row["id"]] = replace(known, states=("edited",), holds=holds)
        requests.append(row)
    for each in export.truth:
        if each.kind != "request" or each.id not in gone:
            truth.append(changed.get(each.id, each) if each.kind == "request" else each)
    later_export = replace(export, requests=requests, truth=truth)
    return Correction(later_export, tuple(sorted(changed)), tuple(sorted(gone)))
