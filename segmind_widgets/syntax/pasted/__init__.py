"""Programs that call the services, as values: nothing in them is run."""
