"""Names of the stages, in the order data passes through them; each is an asset group."""

STAGES = ("ingest", "genres", "acoustic", "playlists", "ranking", "index")
