"""`python -m dwsynapse`: the command line."""

import sys

from dwsynapse.command_line import main

if __name__ == "__main__":
    sys.exit(main())
