"""Pictures of training results."""
