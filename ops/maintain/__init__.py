"""What maintains the project itself; each is a program of its own."""
