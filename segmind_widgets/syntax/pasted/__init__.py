"""Extract the requests of programs that call the services, without running them."""
