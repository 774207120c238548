"""With its original classifier on top, the ported network still names what it sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Keras's backend is settled by the first import, so the network runs in a child.
CHILD = """
import json, sys
import keras, numpy as np
from PIL import Image
from hilum.backbones.catalog import CATALOG
from hilum.backbones.checkpoints import read_checkpoint
from hilum.backbones.lite import VARIANTS, imagenet_top, lite_body, load_lite_weights, scale_pixels
from hilum.backbones.weights import find_weights

named = {}
for name, record in CATALOG.items():
    side = record.input.size_px
    picture = keras.Input((side, side, 3), batch_size=1)
    feature_map = lite_body(scale_pixels(picture), VARIANTS[name])
    logits = imagenet_top(keras.layers.GlobalAveragePooling2D()(feature_map))
    model = keras.Model(picture, logits)
    load_lite_weights(model, read_checkpoint(find_weights(record)))
    for path in sys.argv[1:]:
        image = Image.open(path).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
        scores = np.asarray(model.predict(np.asarray(image, np.float32)[None], verbose=0))[0]
        named.setdefault(path, {})[name] = np.argsort(scores)[::-1][:5].tolist()
print(json.dumps(named))
"""

CATS = {281, 282, 283, 284, 285}  # tabby, tiger cat, Persian, Siamese, Egyptian
UNIFORM, WINDSOR_TIE, DAISY = 652, 906, 985  # ImageNet has no sunflower; daisy is its nearest


@pytest.mark.films
def test_the_three_pictures_are_named(films_folder: Path, tmp_path: Path) -> None:
    pictures = {
        name: str(films_folder / "not-radiographs" / f"{name}.bmp")
        for name in ("cat", "grace_hopper", "sunflower")
    }
    child = subprocess.run(
        [sys.executable, "-c", CHILD, *pictures.values()],
        env=os.environ | {"KERAS_BACKEND": "openvino", "KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    named = json.loads(child.stdout)
    for top in named[pictures["cat"]].values():
        assert top[0] in CATS
        assert len(CATS & set(top)) >= 3
    for top in named[pictures["grace_hopper"]].values():
        assert top[0] == UNIFORM
        assert WINDSOR_TIE in top or 834 in top or 715 in top  # tie, suit, helmet
    for top in named[pictures["sunflower"]].values():
        assert top[0] == DAISY
