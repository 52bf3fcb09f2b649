"""The recommender over HTTP: an API, and a page to listen with (extra ``http``).

One process speaks HTTP and never asks the engine, which holds the interpreter while it works.
Questions go through pipes to worker processes, each with the release open; the page cache holds
the release once for all of them.
"""
