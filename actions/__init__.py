"""Custom actions: the one place where a message does its work."""
