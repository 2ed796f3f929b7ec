"""What an app team does once: `goldenpath init` writes two files, `goldenpath doctor` looks at the whole set-up."""
