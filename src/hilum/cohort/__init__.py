"""The cohort: films and labels in, a table of films out.

In: a folder with a subfolder per class, or a CSV; how labels become classes, and how file names
tell the patient. Out: `Cohort`, films in a fixed order with label, patient, source, view, sex and
age, and every file that could not be read, with its reason. `read_external` reads films from
elsewhere as films of a study's classes. No pixels live here.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
