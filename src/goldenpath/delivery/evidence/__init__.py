"""What the releases of an environment left: in ECR, in the files of their runs, and in git."""
