"""The language server: `jitlint server`. It never imports torch and runs nothing of the user's.

`engine` checks (in a thread of its own), `server` speaks the protocol; between them `documents`, `positions` and what
editors show: `diagnostics`, `actions`, `hover`, `hints`. Only `server` knows pygls.
"""
