"""Rewrite the layers of an image, so that an unchanged layer keeps its digest."""
