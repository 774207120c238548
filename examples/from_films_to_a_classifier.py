# %% [markdown]
# # From films to a classifier, in Python
#
# Draw films, ask whether they can carry a claim, compare, train, and try the classifier on
# films it has never seen. Every step is what the `hilum` command does, with its results as
# plain objects. Takes about a minute; needs no film, no GPU and no internet.
#
# Open this file in Jupyter (with Jupytext) or VS Code as a notebook, or run it as a script:
# `python examples/from_films_to_a_classifier.py`.

# %%
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import hilum
from hilum.classifier.explain.heatmap import heatmap_overlay
from hilum.phantoms.cohort import write_phantoms
from hilum.studies.recipes import find_recipe

# In a notebook the arguments are the kernel's.
here = Path(sys.argv[1] if len(sys.argv) > 1 and "ipykernel" not in sys.modules else "example")
seen, unseen = here / "seen", here / "unseen"

# %% [markdown]
# ## Films
#
# Generated chest films of two classes; `films.csv` beside them names label and patient. With
# films of your own: `hilum.Cohort.from_folder("films")`, a subfolder for each class.

# %%
cohort = hilum.Cohort.from_csv(write_phantoms(seen, n_films=60, seed=0))
print(cohort.n_per_class, "of", cohort.n_patients, "patients")

# %% [markdown]
# ## Train
#
# The study behind it is that of `hilum.compare`: audit, folds that keep patients together, many
# small heads, intervals. Fewer folds and epochs than usual here, to be quick.

# %%
recipe = find_recipe("hilum", folds=3, repeats=2, views=1, epochs=20)
trained = hilum.train(cohort, positive="Opacity", backbone="efficientnet-lite0", recipe=recipe)
study = trained.study
print(study.verdict.headline)
for reason in study.verdict.reasons:
    print("-", reason)

# %% [markdown]
# Figures come from films that the heads had never seen, each with its interval.

# %%
for name, figure in study.backbones[0].evaluation.metrics.items():
    print(f"{name:18} {figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]")

# %% [markdown]
# ## Keep it
#
# A bundle is a folder: weights without pickles, and a model card filled in from the run.

# %%
hilum.save_bundle(trained, here / "bundle", standalone=True)
print((here / "bundle" / "README.md").read_text(encoding="utf-8")[:600])

# %% [markdown]
# ## Use it
#
# On films of other patients, as a hospital would: one line each.

# %%
classifier = hilum.Classifier.load(here / "bundle")
new = hilum.Cohort.from_csv(write_phantoms(unseen, n_films=12, seed=1))
films = [film.path for film in new.films]
for film, answer in zip(new.films, classifier.predict(films), strict=True):
    print(f"{film.label:8} called {answer.call}, {answer.probabilities['Opacity']:.2f}")

# %% [markdown]
# What is no chest film gets no call.

# %%
noise = np.random.default_rng(0).integers(0, 256, (300, 300), dtype=np.uint8)
answer = classifier.predict(noise)
print(answer.call, "inside the domain:", answer.in_domain)

# %% [markdown]
# ## Ask why
#
# Which parts of the film speak for the call; exact, in one forward pass.

# %%
film = next(film.path for film in new.films if film.label == "Opacity")
why = classifier.explain(film)
print(why)
height, width = why.pixels.shape
overlay = Image.fromarray(heatmap_overlay(why.contributions, (height, width)), "RGBA")
picture = Image.fromarray(why.pixels).convert("RGBA")
picture.alpha_composite(overlay)
picture.convert("RGB").save(here / "why.png")
