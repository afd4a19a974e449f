"""Endpoints of the services, as documented by them."""
