"""How good samples of digits are, by a classifier that is trained here."""
