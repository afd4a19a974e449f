"""Models, the services' lists of models, and validation of inputs."""
