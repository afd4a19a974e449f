"""What a person sees; a package, so that its servers and its browser end with it."""
