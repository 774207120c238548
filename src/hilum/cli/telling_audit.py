"""Tells on the terminal whether a cohort carries the claim, and what speaks against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hilum.cli.printing import fits, plain

if TYPE_CHECKING:
    from rich.console import Console

    from hilum.auditing.report import AuditReport
    from hilum.auditing.verdict import Verdict
    from hilum.studies.audits import Audit

_COLOURS = {"supported": "green", "limited": "yellow", "withheld": "red"}
_STYLES = {"fail": "bold red", "warn": "yellow", "note": "dim", "muted": "dim"}
_EFFECTS = {
    "withholds": "[red]withholds[/]",
    "limits": "[yellow]limits[/]",
    "describes": "describes",
    None: "",
}


def tell_audit(audit: Audit) -> None:
    """Print the verdict, the shortcuts, and every finding."""
    from rich.console import Console

    from hilum.auditing.baselines import TITLES
    from hilum.report.cohort_section import severity_word

    console = Console(highlight=False)
    counts = ", ".join(f"{n} {label}" for label, n in audit.cohort.n_per_class.items())
    console.print(plain(f"{audit.cohort.name}: {counts}; positive: {audit.positive}"))
    tell_verdict(console, audit.report.verdict)
    if audit.model is not None:
        tell_shortcuts(console, audit.report, audit.model.title)
    shown_already = {*TITLES, "leak-worth"}
    for finding in audit.report.findings:
        if finding.check in shown_already and not finding.is_muted:
            continue
        word = f"[{_STYLES[finding.state]}]{severity_word(finding)}[/]"
        console.print(f"{word} {plain(finding.title)} [dim]({finding.check})[/]")
        if finding.what_to_do and finding.state in ("fail", "warn"):
            console.print(f"  [dim]{plain(finding.what_to_do)}[/]")
    console.print("Research use only.")


def tell_verdict(console: Console, verdict: Verdict) -> None:
    """Print the verdict and its reasons, the weightiest first."""
    colour = _COLOURS[verdict.headline]
    console.print(f"Verdict: [bold {colour}]{verdict.headline}[/].")
    for reason in verdict.grounds:
        if reason.weight != "describes":  # those stand in the table of shortcuts
            console.print(f"  · {plain(reason.text)}")


def tell_shortcuts(console: Console, report: AuditReport, model: str) -> None:
    """Print what predicts the label without the disease, beside the network called `model`."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from hilum.report.audit_wording import bare_share_text, baseline_line
    from hilum.report.kinship_wording import leak_text

    if not report.baselines:
        return
    weights = {reason.cause: reason.weight for reason in report.verdict.grounds}
    table = Table(box=SIMPLE_HEAD, title="What predicts without the disease")
    table.add_column("What is seen", no_wrap=True)
    table.add_column("AUROC", justify="right", no_wrap=True)
    table.add_column("Share", justify="right", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    for baseline in report.baselines:
        auroc = baseline.auroc
        table.add_row(
            plain(baseline.title),
            f"{auroc.value:.3f} [dim]{auroc.low:.3f}–{auroc.high:.3f}[/]",
            bare_share_text(baseline.share),
            _EFFECTS[weights.get(baseline.name)],
        )
    if fits(console, table):
        console.print(table)
    else:
        for baseline in report.baselines:
            console.print(plain(baseline_line(baseline, weights.get(baseline.name))))
    console.print(
        "[dim]Share: of what the network reaches above chance. Grey levels, centre and blur change "
        "with disease too, so they never withhold.[/]"
    )
    if report.leak is not None:
        console.print(plain(leak_text(report.leak, model)))
