"""An AWS account of the platform: what its roles may do, and whether it is set up as `modules/` would."""
