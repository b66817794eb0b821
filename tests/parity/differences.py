"""The cells, by notebook and how they begin, that may show something else than in ipykernel, and why."""

WITH_IPYTHON = {}

WITHOUT_IPYTHON = {}

KNOWN = {"ipython": WITH_IPYTHON, "plain": WITHOUT_IPYTHON, "itself": {}}
