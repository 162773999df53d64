"""What is done to the service, apart from the API: faults, time, state, and what clients did."""
