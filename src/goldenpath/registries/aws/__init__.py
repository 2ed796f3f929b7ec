"""AWS as the platform uses it: a session, ECR, and the bucket of the state."""
