"""The layers of an image, rewritten so that an unchanged one keeps its digest."""
