"""What can be set, parsed once into frozen values. The only reader of the environment and of config/*.toml."""
