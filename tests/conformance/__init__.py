"""Asks any Livy server again what a real Livy answered.

    make conformance                                  livy-local, on this machine's Spark
    LIVY_TEST_URL=http://livy.example:8998 make conformance   that server
    make conformance ONLY="-v cancel completion"      some scenarios, with what their groups have before
                                                      them; -v shows every difference, not the first

It prints a table: scenario, seconds, and agrees or the first difference. `make test` runs the same
scenarios on livy-local with pytest.

Each file in `recordings/` is a scenario: the exchanges with a real Livy 0.9, one JSON object a line.
They are sent again, in order, with this server's own ids and names. A GET is repeated until it gives
the recorded answer, or a later one of the same path where the recorded one was of something under
way. Status, headers, keys, types, states and stable values are compared; `mask` has what is not
stable in a text, `compare` the fields that are not the same each time, `differences` what is known
to differ and why.

To record a scenario, ask a real Livy and write what it said to `recordings/NAME.jsonl`:

    {"at_ms": 0, "method": "POST", "path": "/sessions/3/statements", "request_body": {"code": "1"},
     "status": 201, "response_headers": {"Content-Type": "…"}, "response_body": {…}, "elapsed_ms": 9.1}

`at_ms` counts from the scenario's start: the pause before a request that is no GET is kept, up to two
seconds. Leave out polls whose answer equals the one before. Mask paths, hosts and names of people.
Put NAME into `plan.GROUPS`, by itself or after those whose sessions it goes on with, and each session
that it finds there into `plan.SESSIONS`. `note` may say what an exchange shows; one that ends in
"statement runs" marks a job that looks at something under way.
"""
