"""The release: access to the registry, the tags to write, and the transaction with its undo."""
