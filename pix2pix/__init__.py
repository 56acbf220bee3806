"""GAN学习笔记 The notes on pix2pix: image-to-image translation with conditional GANs."""
