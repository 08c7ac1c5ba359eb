"""The engine: tensors only, and nothing of scikit-learn."""
