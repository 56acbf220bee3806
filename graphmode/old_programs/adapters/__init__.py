"""What of TensorFlow 1 needs more than another name: small adapters, which `tables` names."""
