"""Ask a published Embeat release for music like a song."""
