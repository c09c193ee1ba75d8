"""`jitlint verify`: every finding is put to the real compiler, in processes of their own that run the user's code.

`worker` runs under the user's interpreter; `nodes` starts it and talks to it. `plan` says what is to be compiled,
`unit` takes one unit through all attempts, `errors` and `altered` read and step over what the compiler says,
`verdicts` judge the findings, and `run` holds it together.
"""

from __future__ import annotations
