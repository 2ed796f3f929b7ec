"""The images of a registry: which of them its lifecycle removes or archives, and which run somewhere."""
