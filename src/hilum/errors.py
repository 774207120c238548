"""Everything that can go wrong on the user's side, as one tree.

Each error says what happened and what to do next, and carries a stable `code`
that machine-readable results repeat. Programming mistakes are not in here:
they stay ordinary exceptions.
"""

from __future__ import annotations

from typing import ClassVar


class HilumError(Exception):
    """Something the user can mend; `message` says what happened, `fix` what to do."""

    code: ClassVar[str] = "ERROR"

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message, fix)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}"


class FilmError(HilumError):
    """One film cannot be read. A batch lists it and goes on; nothing takes its place."""


class FilmEmptyError(FilmError):
    """The file holds no bytes."""

    code = "EMPTY"


class FilmTypeError(FilmError):
    """The content is of no supported format, whatever the file's name says."""

    code = "TYPE"


class FilmCorruptError(FilmError):
    """The file starts as a picture and does not end as one."""

    code = "CORRUPT"


class FilmFramesError(FilmError):
    """The file holds several pictures, and nothing says which one is meant."""

    code = "FRAMES"


class FilmNonFiniteError(FilmError):
    """The pixels hold NaN or infinity."""

    code = "NONFINITE"


class FilmDicomError(FilmError):
    """The file is damaged as a DICOM file, or is none though its name says so."""

    code = "DICOM"


class FilmTagValueError(FilmError):
    """What a DICOM file says about showing its grey levels makes no sense."""

    code = "TAGVALUE"


class FilmPixelMetaError(FilmError):
    """A DICOM file contradicts itself about how its pixels are stored."""

    code = "PIXELMETA"


class FilmNotChestError(FilmError):
    """The DICOM file holds something else than a plain radiograph."""

    code = "NOT_CXR"


class FilmCodecError(FilmError):
    """The pixels of the DICOM file are compressed, and no decoder is there for them."""

    code = "CODEC"


class FilmSizeError(FilmError):
    """The file or its picture is larger than the limits allow."""

    code = "SIZE"


class FilmMissingError(FilmError):
    """There is no such file, or it cannot be opened, or it is no ordinary file."""

    code = "MISSING"


class FilmLinkError(FilmError):
    """The file is a link that leads out of the cohort's folder, or nowhere."""

    code = "LINK"


class FilmChangedError(FilmError):
    """The file is no longer the one that the manifest describes."""

    code = "CHANGED"


class FilmUnfitError(FilmError):
    """The picture is too small, too long or too empty to be a chest film."""

    code = "UNFIT"


class CohortError(HilumError):
    """The films and labels do not make a cohort that can be studied."""

    code = "COHORT"


class PositiveClassError(CohortError):
    """The positive class is not named and cannot be told."""

    code = "POSITIVE"


class FoldsError(HilumError):
    """The cohort is too small or too clustered for the folds asked for."""

    code = "FOLDS"


class RecipeError(HilumError):
    """No recipe goes by this name, or it does not take this setting."""

    code = "RECIPE"


class UnknownBackboneError(HilumError):
    """No backbone goes by this name."""

    code = "BACKBONE"


class UnknownCheckError(HilumError):
    """No check of the audit goes by this code."""

    code = "CHECK"


class WeightsError(HilumError):
    """A backbone's weights are absent, damaged, or not what the catalog expects."""

    code = "WEIGHTS"


class UntrustedModelError(HilumError):
    """A model file is not what it should be, or may do more than compute: it is not used."""

    code = "UNTRUSTED_MODEL"


class RunError(HilumError):
    """A run folder cannot be built on: it is none, or its films or backbone have changed."""

    code = "RUN"


class BundleError(HilumError):
    """A classifier's bundle is absent, damaged or incomplete."""

    code = "BUNDLE"


class BundleVersionError(BundleError):
    """A bundle and this installation do not fit together; the message names both."""

    code = "VERSION"


class ExplanationError(HilumError):
    """What is asked to be explained cannot be: no such class, or a backbone without a map."""

    code = "EXPLANATION"


class ExportError(HilumError):
    """A classifier cannot be written in this format, or the file does not answer as it does."""

    code = "EXPORT"


class ServeError(HilumError):
    """The server cannot start."""

    code = "SERVE"


class DownloadError(HilumError):
    """A weight file could not be fetched."""

    code = "DOWNLOAD"


class CompilingError(HilumError):
    """A backbone could not be compiled in its child process."""

    code = "COMPILING"


class CacheError(HilumError):
    """The cache folder cannot be used."""

    code = "CACHE"


class OutputError(HilumError):
    """The place for the results cannot be written, or holds something else."""

    code = "OUTPUT"


class NoTrialsError(HilumError):
    """A proportion of nothing was asked for."""

    code = "NO_TRIALS"


class TableError(HilumError):
    """A published table, or what is asked of it, cannot be used."""

    code = "TABLE"
