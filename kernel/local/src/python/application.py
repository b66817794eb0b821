# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs a batch's Python file as `python FILE ARGUMENTS` would, but keeps both out of the list of processes."""


def run():
    import json
    import os
    import sys

    own = __file__
    with open(os.path.join(os.path.dirname(own), 'application.json')) as description:
        sys.argv[:] = json.load(description)
    path = sys.argv[0]
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    show = sys.excepthook

    def show_without_this_file(error_type, error, frames):
        while frames and frames.tb_frame.f_code.co_filename == own:
            frames = frames.tb_next
        show(error_type, error.with_traceback(frames), frames)

    sys.excepthook = show_without_this_file
    try:
        with open(path, 'rb') as file:
            source = file.read()
    except OSError as error:
        sys.exit("can't open file %r: %s" % (path, error))
    main = sys.modules['__main__'].__dict__
    del main['run']
    main.update(__file__=path, __doc__=None)
    exec(compile(source, path, 'exec', dont_inherit=True), main)


run()
