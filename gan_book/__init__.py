"""The chapter, a module per section: cae, vae, gan."""
