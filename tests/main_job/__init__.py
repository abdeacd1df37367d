"""The main job as a whole, on the embedded estate."""
