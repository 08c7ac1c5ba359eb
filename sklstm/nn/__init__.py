"""The engine: layers, networks and batches of tensors, independent of scikit-learn."""
