# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Stands for ipykernel, of which tools' code uses the shell and the completion."""

from .completion import completion


class ToolKernel:
    def __init__(self, shell):
        self.shell = shell

    def do_complete(self, code, cursor_pos):
        found = completion.complete(code, len(code) if cursor_pos is None else cursor_pos)
        return {
            'status': 'ok',
            'matches': found['matches'],
            'cursor_start': found['start'],
            'cursor_end': found['end'],
            'metadata': {'_jupyter_types_experimental': found['types']},
        }
