"""Starts the command line for a process that runs another one of itself."""

from api.cli import main

if __name__ == "__main__":
    main()
