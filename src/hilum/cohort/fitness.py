"""What every chest film is, whatever it shows: the audit warns of others, predicting refuses."""

from __future__ import annotations

LEAST_SIDE_PX = 64
"""Below this a lung is some 20 pixels wide, and no finding can be told from a vessel."""

LONGEST_ASPECT = 4.0
"""How many times longer than wide a film may be, or wider than long. Public ones reach 1.8; a
backbone's square would squeeze what is longer."""
