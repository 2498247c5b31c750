"""`python -m sagerecon` is the same command as `sagerecon`."""

from sagerecon.cli.main import main

if __name__ == "__main__":
    main()
