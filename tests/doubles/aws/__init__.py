"""Doubles of the parts of AWS that moto lacks, for tests only."""
