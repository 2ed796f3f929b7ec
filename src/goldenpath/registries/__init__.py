"""The platform side: how a registry comes to be, is changed and is taken away."""
