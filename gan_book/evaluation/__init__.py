"""How good the chapter's models are: samples by a classifier of digits, the VAE by its ELBO."""
