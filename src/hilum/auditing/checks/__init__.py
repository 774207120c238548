"""The checks of a cohort, one file each; `CHECKS` lists them as a reader wants to see them.

A check is a function whose parameters are fields of `Evidence`; it returns what it found.
"""

from hilum.auditing.checks.aspect import check_aspect
from hilum.auditing.checks.blur import check_blur
from hilum.auditing.checks.centre import check_centre
from hilum.auditing.checks.class_balance import check_class_balance
from hilum.auditing.checks.class_size import check_class_size
from hilum.auditing.checks.colour import check_colour
from hilum.auditing.checks.conflicting_labels import check_conflicting_labels
from hilum.auditing.checks.constant_films import check_constant_films
from hilum.auditing.checks.conversions import check_conversions
from hilum.auditing.checks.domain import check_domain
from hilum.auditing.checks.dominant_patients import check_dominant_patients
from hilum.auditing.checks.exposure import check_exposure
from hilum.auditing.checks.frame import check_frame
from hilum.auditing.checks.histogram import check_histogram
from hilum.auditing.checks.inverted import check_inverted
from hilum.auditing.checks.lateral_films import check_lateral_films
from hilum.auditing.checks.leak_worth import check_leak_worth
from hilum.auditing.checks.leaks import check_leaks
from hilum.auditing.checks.lettering import check_lettering
from hilum.auditing.checks.lung_masks import check_lung_masks
from hilum.auditing.checks.lungs import check_lungs
from hilum.auditing.checks.metadata import check_metadata
from hilum.auditing.checks.mixed_patients import check_mixed_patients
from hilum.auditing.checks.patients import check_patients
from hilum.auditing.checks.readability import check_readability
from hilum.auditing.checks.source import check_source
from hilum.auditing.checks.tiny_films import check_tiny_films
from hilum.auditing.checks.twin_patients import check_twin_patients
from hilum.auditing.checks.twins import check_twins
from hilum.auditing.evidence import Check

CHECKS: tuple[Check, ...] = (
    # can the figures be believed at all
    Check("conflicting-labels", check_conflicting_labels),
    Check("leaks", check_leaks),
    Check("class-size", check_class_size),
    Check("class-balance", check_class_balance),
    # what predicts without the disease
    Check("source", check_source),
    Check("metadata", check_metadata),
    Check("frame", check_frame),
    Check("lettering", check_lettering),
    Check("histogram", check_histogram),
    Check("centre", check_centre),
    Check("blur", check_blur),
    Check("lungs", check_lungs),
    Check("lung-masks", check_lung_masks),
    # who was filmed, and how often
    Check("patients", check_patients),
    Check("mixed-patients", check_mixed_patients),
    Check("dominant-patients", check_dominant_patients),
    Check("twin-patients", check_twin_patients),
    Check("twins", check_twins),
    Check("leak-worth", check_leak_worth),
    # what the films are like
    Check("readability", check_readability),
    Check("domain", check_domain),
    Check("lateral-films", check_lateral_films),
    Check("inverted", check_inverted),
    Check("colour", check_colour),
    Check("constant-films", check_constant_films),
    Check("tiny-films", check_tiny_films),
    Check("aspect", check_aspect),
    Check("exposure", check_exposure),
    Check("conversions", check_conversions),
)
"""Every check, in the order in which findings of one severity are shown."""
