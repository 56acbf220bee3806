"""Programs that prepare images for pix2pix."""
