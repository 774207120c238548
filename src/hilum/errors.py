"""Errors that the user can mend, as one tree.

Each says what happened and what to do next, and has a stable `code` that machine-readable
results repeat. Programming mistakes are left out: they stay ordinary exceptions.
"""

from __future__ import annotations

from typing import ClassVar


class HilumError(Exception):
    """A problem that the user can mend: `message` says what happened, `fix` what to do."""

    code: ClassVar[str] = "ERROR"

    def __init_subclass__(cls, *, code: str | None = None) -> None:
        if code is not None:
            cls.code = code

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message, fix)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}"


class FilmError(HilumError):
    """One film cannot be read. A batch lists it and goes on without it."""


class FilmEmptyError(FilmError, code="EMPTY"):
    """The file holds no bytes."""


class FilmTypeError(FilmError, code="TYPE"):
    """The content has no supported format, whatever the file's name says."""


class FilmCorruptError(FilmError, code="CORRUPT"):
    """The file begins as a picture and is damaged or cut short."""


class FilmFramesError(FilmError, code="FRAMES"):
    """The file holds several pictures and does not say which one is meant."""


class FilmNonFiniteError(FilmError, code="NONFINITE"):
    """The pixels hold NaN or infinity."""


class FilmDicomError(FilmError, code="DICOM"):
    """The DICOM file is damaged, or a file named as one holds something else."""


class FilmTagValueError(FilmError, code="TAGVALUE"):
    """The values by which a DICOM file shows its grey levels make no sense."""


class FilmPixelMetaError(FilmError, code="PIXELMETA"):
    """The DICOM file contradicts itself about how it stores its pixels."""


class FilmNotChestError(FilmError, code="NOT_CXR"):
    """The DICOM file holds something other than a plain radiograph."""


class FilmCodecError(FilmError, code="CODEC"):
    """The pixels of the DICOM file are compressed, and no decoder for them is installed."""


class FilmSizeError(FilmError, code="SIZE"):
    """The file or its picture is larger than the limits allow."""


class FilmMissingError(FilmError, code="MISSING"):
    """The file does not exist, cannot be opened, or is a folder, pipe or device."""


class FilmLinkError(FilmError, code="LINK"):
    """The file is a link that leads out of the cohort's folder, or nowhere."""


class FilmChangedError(FilmError, code="CHANGED"):
    """The file has changed since the cohort was made."""


class FilmUnfitError(FilmError, code="UNFIT"):
    """The picture is too small, too long or too empty to be a chest film."""


class CohortError(HilumError, code="COHORT"):
    """The films and labels do not make a cohort that can be studied."""


class PositiveClassError(CohortError, code="POSITIVE"):
    """The positive class is not named and cannot be inferred."""


class FoldsError(HilumError, code="FOLDS"):
    """The cohort is too small or too clustered for the folds asked for."""


class RecipeError(HilumError, code="RECIPE"):
    """The recipe does not exist, or does not take this setting."""


class UnknownBackboneError(HilumError, code="BACKBONE"):
    """No backbone has this name."""


class UnknownCheckError(HilumError, code="CHECK"):
    """No check of the audit has this code."""


class WeightsError(HilumError, code="WEIGHTS"):
    """A backbone's weights are absent, damaged, or not those that the catalog expects."""


class UntrustedModelError(HilumError, code="UNTRUSTED_MODEL"):
    """A model file is not what it should be, or may do more than compute; it is not used."""


class RunError(HilumError, code="RUN"):
    """The folder is not a run, or its films or backbone have changed since."""


class BundleError(HilumError, code="BUNDLE"):
    """A classifier's bundle is absent, damaged or incomplete."""


class BundleVersionError(BundleError, code="VERSION"):
    """A bundle and this installation do not fit together; the message names both versions."""


class ExplanationError(HilumError, code="EXPLANATION"):
    """The class to explain does not exist, or the backbone has no feature map."""


class ExportError(HilumError, code="EXPORT"):
    """A classifier cannot be written in this format, or the file answers differently."""


class ServeError(HilumError, code="SERVE"):
    """The server cannot start."""


class DownloadError(HilumError, code="DOWNLOAD"):
    """A weight file could not be fetched."""


class CompilingError(HilumError, code="COMPILING"):
    """A backbone could not be compiled in its child process."""


class CacheError(HilumError, code="CACHE"):
    """The cache folder cannot be used."""


class OutputError(HilumError, code="OUTPUT"):
    """The place for the results cannot be written, or holds something else."""


class NoTrialsError(HilumError, code="NO_TRIALS"):
    """A proportion of no trials does not exist."""


class TableError(HilumError, code="TABLE"):
    """A published table, or a question about it, cannot be used."""
