"""Runs the command line by `python -m pgharness`."""

from pgharness.cli import main

if __name__ == "__main__":
    main()
