"""What `notify` says of a delivery: the text of an issue, and a signed message for a webhook."""
