"""A local server that speaks the protocols of Segmind and APIMart."""
