"""GoldenPath delivery: from a commit to a governed release in Amazon ECR."""

__version__ = "0.1.0"
