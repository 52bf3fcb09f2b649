"""One module per engine; ``embeat_serve.store`` is the way in."""
