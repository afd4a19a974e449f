"""Drawing primitives: colours, outlines and drawing surfaces."""
