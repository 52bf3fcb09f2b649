"""The recommender over HTTP: an API and a web page (extra ``http``).

One process speaks HTTP. It never queries the engine, which holds the interpreter lock while it
works. Requests go through pipes to worker processes, each with the release open; they share the
release's files in the page cache.
"""
