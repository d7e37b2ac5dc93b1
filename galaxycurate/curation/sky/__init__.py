"""What coordinates and ids tell: footprints, the sky they share, objects seen twice."""
