"""The contract of doors: a room is entered by its `__init__`, and by nothing behind it."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output


class DoorsContract(Contract):
    """No module imports a file inside another room.

    A room is a package on the first level; the modules beside them are the ground floor.
    """

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every import of the package's own."""
        past = sorted(
            (importer, imported)
            for importer in graph.modules
            if importer.startswith("hilum.")
            for imported in graph.find_modules_directly_imported_by(importer)
            if imported.startswith("hilum.")
            and imported.count(".") > 1
            and _room(importer) != _room(imported)
        )
        return ContractCheck(kept=not past, metadata={"past": past})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """List who reaches past a door."""
        for importer, imported in check.metadata["past"]:
            output.print_error(f"{importer} reaches past a door into {imported}")


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])
