"""The metadata table: plain columns, nothing missing, nothing that tells nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hilum.auditing.metadata import column_aurocs, measure_compression, tabulate_metadata
from hilum.cohort.films import Film
from hilum.features.traits import FileTraits
from hilum.films.picture import Encoding


def film(n=0, label="a", **known):
    return Film(f"{n:012x}", Path("x.png"), f"{n:064x}", label, **known)


def traits(width=100, height=80, size=4000, kind="PNG", **encoding):
    return FileTraits(
        format=kind,
        width_px=width,
        height_px=height,
        size_bytes=size,
        encoding=Encoding(**encoding),
        notes=(),
        pixels_sha256="0" * 64,
    )


def column(table, name):
    return table.values[:, table.columns.index(name)].tolist()


def test_compression_is_bytes_per_pixel():
    films = [traits(), traits(200, 100, 10_000, "JPEG")]
    assert measure_compression(films).tolist() == [[4000 / (100 * 80)], [0.5]]


def test_measures_of_the_file():
    table = tabulate_metadata(
        [film(), film(), film()],
        [
            traits(),
            traits(),
            traits(200, 100, 10_000, "JPEG", bits=12, channels=3, quantisation=7.5,
                   is_progressive=True),
        ],
    )  # fmt: skip
    assert column(table, "width in pixels") == [100, 100, 200]
    assert column(table, "height in pixels") == [80, 80, 100]
    assert column(table, "width divided by height") == [1.25, 1.25, 2]
    assert column(table, "bits per sample") == [8, 8, 12]
    assert column(table, "colour channels") == [1, 1, 3]
    assert column(table, "JPEG compression") == [0, 0, 7.5]
    assert column(table, "stored in several passes") == [0, 0, 1]
    assert column(table, "format PNG") == [1, 1, 0]


def test_what_all_films_share_is_left_out():
    table = tabulate_metadata([film(), film()], [traits(), traits()])
    assert table.columns == ()
    assert table.values.shape == (2, 0)
    assert column_aurocs(table, np.array([True, False])) == {}


def test_facts_of_the_patient_stand_under_their_plain_names():
    films = [
        film(view="PA", sex="F", age=30.0),
        film(view="pa ", sex="M", age=None),
        film(view="AP", sex=None, age=50.0),
        film(view="AP", sex="F", age=70.0),
    ]
    table = tabulate_metadata(films, [traits()] * 4)
    assert column(table, "age") == [30, -1, 50, 70]
    assert column(table, "age unknown") == [0, 1, 0, 0]
    assert column(table, "sex F") == [1, 0, 0, 1]
    assert column(table, "sex unknown") == [0, 0, 1, 0]
    assert column(table, "view PA") == [1, 1, 0, 0]
    assert "view AP" not in table.columns, "of two words, the one says the other"
    assert "sex M" not in table.columns, "one film alone tells nothing"


def test_rare_makers_do_not_swamp_the_table():
    makers = [f"maker {k % 12}" for k in range(40)] + [None] * 4
    table = tabulate_metadata([film()] * 44, [traits(maker=maker) for maker in makers])
    assert len([name for name in table.columns if name.startswith("made with")]) == 7
    assert sum(column(table, "made with unknown")) == 4


def test_words_that_are_not_of_the_field_are_numbered():
    """A file or a table may name a person anywhere."""
    films = [film(view="ZZPHI CANARY")] * 2 + [film(view="PA")] * 2 + [film()] * 2
    made = [traits(maker="DOE^JANE")] * 3 + [traits()] * 3
    columns = " ".join(tabulate_metadata(films, made).columns)
    assert "view 1" in columns
    assert "view PA" in columns
    assert "made with 1" in columns
    assert "ZZPHI" not in columns.upper()
    assert "DOE" not in columns


def test_columns_by_themselves_agree_with_scikit_learn_either_way_round():
    rng = np.random.default_rng(0)
    is_positive = np.arange(40) % 2 == 0
    sizes = rng.integers(1000, 9000, size=40)
    widths = 500 + rng.integers(0, 100, size=40) - 60 * is_positive
    table = tabulate_metadata(
        [film()] * 40, [traits(int(w), 80, int(s)) for w, s in zip(widths, sizes, strict=True)]
    )
    aurocs = column_aurocs(table, is_positive)
    assert aurocs["width in pixels"] == pytest.approx(roc_auc_score(~is_positive, widths))
    assert list(aurocs.values()) == sorted(aurocs.values(), reverse=True)
    assert min(aurocs.values()) >= 0.5


def test_every_value_is_a_number():
    films = [film(age=None), film(age=3.0), film(sex="x")]
    table = tabulate_metadata(films, [traits(), traits(quantisation=2.0), traits(kind="BMP")])
    assert np.isfinite(table.values).all()
