"""The services' endpoints, as their documents describe them."""
