"""What a delivery asks GitHub."""
