"""Doubles of AWS that only tests use: moto with the parts of ECR that it lacks, or is kinder in."""
