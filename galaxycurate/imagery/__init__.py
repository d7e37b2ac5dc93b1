"""Where pixels come from: HTTP cutout services, and the check that a body is a picture."""
