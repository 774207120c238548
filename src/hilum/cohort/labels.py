"""Labels: what a collection calls its classes, and which class of a study each means.

Two collections of one disease seldom agree on its name. A map from classes to labels brings
both to the same classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from hilum.errors import CohortError

LabelMap = Mapping[str, Collection[str]]
"""For each class, the labels that mean it."""


def parse_label_map(options: Sequence[str]) -> dict[str, list[str]]:
    """Read options of the form `CLASS=LABEL|LABEL`.

    Args:
        options: Such as `COVID-19=COVID-19|COVID-19, ARDS`; a bare `LABEL` means itself.

    Returns:
        For each class, the labels that mean it.

    Raises:
        CohortError: A label is claimed by two classes, or an option is empty.
    """
    labels: dict[str, list[str]] = {}
    for option in options:
        name, _, meant = option.partition("=")
        labels.setdefault(name.strip(), []).extend(
            label.strip() for label in (meant or name).split("|")
        )
    _check_label_map(labels)
    return labels


def name_classes(labels: LabelMap | None, found: Collection[str], *, where: str) -> dict[str, str]:
    """Tell for each label of a collection which class it means.

    Args:
        labels: For each class, the labels that mean it; None if each label is a class.
        found: The collection's labels.
        where: What carries a label there, for messages: `row` or `subfolder`.

    Returns:
        Class of each label that has one; films with other labels are not studied.

    Raises:
        CohortError: The map contradicts itself, or names a label that is missing.
    """
    if not labels:
        return {label: label for label in found}
    _check_label_map(labels)
    class_of = {label: name for name, meant in labels.items() for label in meant}
    check_found(class_of, found, where=where)
    return class_of


def _check_label_map(labels: LabelMap) -> None:
    """Check that each class has labels, and that no label means two classes.

    Raises:
        CohortError: A class has no labels, or a label means two classes.
    """
    for name, meant in labels.items():
        if isinstance(meant, str):
            raise CohortError(
                f"The labels of class '{name}' are one text, not a list.",
                fix=f"Give a list: {{{name!r}: [{meant!r}]}}.",
            )
    claimed = Counter(label for meant in labels.values() for label in set(meant))
    twice = sorted(label for label, count in claimed.items() if count > 1)
    if twice or "" in claimed or "" in labels:
        what = f"The label '{twice[0]}' is given to two classes" if twice else "A label is empty"
        raise CohortError(
            f"{what} in --label.", fix='Write --label "CLASS=LABEL|LABEL", once per class.'
        )


def check_found(wanted: Collection[str], found: Collection[str], *, where: str) -> None:
    """Check that the labels that a user named exist.

    Raises:
        CohortError: One of them does not.
    """
    unknown = [label for label in wanted if label not in found]
    if unknown:
        raise CohortError(
            f"No {where} has the label {' or '.join(repr(label) for label in unknown)}.",
            fix=f"The labels are: {', '.join(sorted(set(found) - {''}))}.",
        )


def fit_to_own(labels: LabelMap, found: Collection[str]) -> dict[str, list[str]] | None:
    """Restrict a map for several cohorts to the one that is studied.

    Args:
        labels: For each class, the labels that mean it in any of the cohorts.
        found: The labels of this one.

    Returns:
        A map of labels that exist here. A class without such a label keeps the films whose
        label is its own name. None if no label of the map exists here: each label then is a
        class.
    """
    fitted = {name: [label for label in meant if label in found] for name, meant in labels.items()}
    if not any(fitted.values()):
        return None
    claimed = {label for meant in labels.values() for label in meant}
    for name, meant in fitted.items():
        if not meant and name in found and name not in claimed:
            meant.append(name)
    return {name: meant for name, meant in fitted.items() if meant}


def fit_to_classes(
    labels: LabelMap, found: Collection[str], classes: Sequence[str], *, name: str
) -> dict[str, list[str]]:
    """Map the labels of another cohort to the classes of the one that is studied.

    Args:
        labels: For each class, the labels that mean it in any of the cohorts.
        found: The labels of the other cohort.
        classes: Those of the study.
        name: Of the other cohort, for messages.

    Returns:
        For each class that the other cohort has, its labels there: the mapped ones, and the
        class's own name unless that is mapped to another class.

    Raises:
        CohortError: The other cohort lacks all of the classes.
    """
    claimed = {label for meant in labels.values() for label in meant}
    fitted = {
        of_class: [label for label in labels.get(of_class, ()) if label in found]
        + [of_class] * (of_class in found and of_class not in claimed)
        for of_class in classes
    }
    fitted = {of_class: meant for of_class, meant in fitted.items() if meant}
    if fitted:
        return fitted
    has = ", ".join(f"'{label}'" for label in sorted(set(found) - {""})) or "no labels"
    raise CohortError(
        f"The films of the external cohort '{name}' have none of the classes {', '.join(classes)}; "
        f"found there: {has}.",
        fix="Say which label means which class: "
        + " ".join(f'--label "{of_class}=LABEL|LABEL"' for of_class in classes)
        + ".",
    )
