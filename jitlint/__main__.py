"""``python -m jitlint``."""

from __future__ import annotations

from jitlint.cli import main

if __name__ == "__main__":
    main()
