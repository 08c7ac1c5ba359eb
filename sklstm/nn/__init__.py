"""The engine: layers, networks and batches, on tensors only and without scikit-learn."""
