"""`python -m toolkit.cli`, for machines where the command is not on the path."""

from toolkit.cli import main

main()
