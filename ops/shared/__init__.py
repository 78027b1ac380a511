"""What the commands share; imported by module, since they run in environments that lack each other's packages."""
