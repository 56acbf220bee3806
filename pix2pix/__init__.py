"""The notes on pix2pix: an image-to-image translation with conditional adversarial networks, whole."""
