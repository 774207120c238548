"""The HTTP API and the page: a classifier for people and programs on this machine.

Nothing here is imported but by `hilum serve` and by who asks for it: FastAPI, Uvicorn,
python-multipart and prometheus-client come with `pip install "hilum[serve]"`.
"""
