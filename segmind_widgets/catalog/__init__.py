"""Models: their entries, the services' listings, and the validation of inputs."""
