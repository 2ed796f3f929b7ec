"""Who may release where, which tags a release writes, and how it is undone."""
