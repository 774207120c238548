"""What would it have been worth to deal films out one by one?"""

from __future__ import annotations

from hilum.auditing.findings import Finding
from hilum.auditing.judging import list_estimate
from hilum.auditing.leaks import LeakWorth
from hilum.auditing.listing import tell_number


def check_leak_worth(leak: LeakWorth) -> list[Finding]:
    """Say how much better the figures would look with films that belong together torn apart."""
    gain = leak.gain
    change = f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
    belonging = (
        f"{leak.n_films} films in {tell_number(leak.n_groups, 'group')} belong together (one "
        "patient, or copies)"
    )
    if gain.low > 0:
        worth = (
            f"dealing them out one by one would have raised the AUROC from "
            f"{leak.grouped.value:.3f} to {leak.ungrouped.value:.3f} ({change})"
        )
    else:
        worth = (
            f"dealing them out one by one makes no clear difference here: AUROC "
            f"{leak.grouped.value:.3f} with groups kept together, {leak.ungrouped.value:.3f} "
            f"without ({change})"
        )
    return [
        Finding(
            check="leak-worth",
            severity="note",
            title=f"{belonging}; {worth}",
            evidence={
                "backbone": leak.backbone,
                "films": leak.n_films,
                "groups": leak.n_groups,
                "grouped_auroc": list_estimate(leak.grouped),
                "ungrouped_auroc": list_estimate(leak.ungrouped),
                "gain": list_estimate(gain),
            },
            what_to_do=(
                "Name the patients (a column of the table, or a file-name pattern) and keep "
                "each on one side of every split, in every study of these films."
                if gain.low > 0
                else ""
            ),
        )
    ]
