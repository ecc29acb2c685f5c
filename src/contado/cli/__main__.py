"""`python -m contado.cli`."""

from contado.cli import main

main()
