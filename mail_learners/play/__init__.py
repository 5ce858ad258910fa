"""A person against an expert or a learned policy: `mail-bench play`.

`session` is the game as pure functions over immutable data; `terminal` and `window` show it and
read what the person wants.
"""
