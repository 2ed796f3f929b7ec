"""What keeping images costs, roughly: a figure to think with, not a bill.

Source: Amazon ECR pricing, private repositories, storage: 0.10 USD a GB and month in most regions (November 2026).
Layers that images share are stored once, so the true figure is lower; transfer and KMS requests are not in it.
"""

from __future__ import annotations

USD_A_GB_AND_MONTH = 0.10
AVERAGE_IMAGE_MB = 250
_MB_A_GB = 1000


def monthly_usd(images: int, average_mb: int = AVERAGE_IMAGE_MB) -> float:
    """Return what `images` images of `average_mb` megabytes cost a month, in US dollars, were no layer shared."""
    return images * average_mb / _MB_A_GB * USD_A_GB_AND_MONTH


def told(keep: int, average_mb: int = AVERAGE_IMAGE_MB) -> str:
    """Return the estimate for a registry that keeps `keep` images of each environment, as a sentence."""
    return (
        f"Keeping {keep} images of about {average_mb} MB costs at most {monthly_usd(keep, average_mb):.2f} USD a month "
        f"for each environment whose images it holds (storage at {USD_A_GB_AND_MONTH:.2f} USD a GB; layers that images "
        "share count once)."
    )
