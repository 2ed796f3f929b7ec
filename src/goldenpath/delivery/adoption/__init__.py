"""The set-up of an app: `goldenpath init` writes two files, `goldenpath doctor` checks the whole set-up."""
