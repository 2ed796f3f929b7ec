"""What every wing stands on: errors, names, processes, HTTP, AWS, the toolchain."""
