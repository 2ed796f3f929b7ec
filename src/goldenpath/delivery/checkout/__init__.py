"""The commit that is delivered, as git has it."""
