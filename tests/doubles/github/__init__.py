"""GitHub's pull requests, runs, commits, rules and settings, beside what `goldenpath local` has of GitHub."""
