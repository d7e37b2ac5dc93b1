"""Import: image collections that exist already, with identity and labels."""
