"""From a commit to a release: the stages, the gates and the release itself."""
