"""What the `kushim` command's subcommands do. Thin: they call the rooms and print what comes back."""
