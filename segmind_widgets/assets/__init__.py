"""Files in any form: media type, preview, thumbnail, and the recipe embedded in a picture."""
