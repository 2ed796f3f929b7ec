"""Fetch the files ahead of the tests."""

from tests import published

if __name__ == "__main__":
    published.folder()
