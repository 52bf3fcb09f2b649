"""One module per format: whatever bytes a file has, raw columns come out."""
