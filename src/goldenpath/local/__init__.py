"""Everything on this machine: a registry, an AWS emulator, GitHub's doubles, and what builds images."""
