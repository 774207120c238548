"""Golden runs: everything that Hilum writes, kept, to be held against what it writes later.

`make.py` runs every command and asks a server over HTTP, `compare.py` sets two such folders
side by side, `normalise.py` lists what may differ between two runs. Nothing here imports
Hilum: what is compared is what users get, wherever the modules lie.
"""
