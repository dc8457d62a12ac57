"""The scenarios of `tests/crash`: one module per kind of fault, the stage they play on, and the judge."""
