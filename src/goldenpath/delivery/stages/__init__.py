"""One module per stage, and how any stage is run."""
