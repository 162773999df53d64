"""What the service does: jobs through their states, learners through their training."""
