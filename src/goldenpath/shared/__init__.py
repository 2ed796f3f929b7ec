"""Modules that every wing uses: errors, names, processes, HTTP, AWS, the toolchain."""
