# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs `%pip`. What it installs is the session's own: it goes to a virtual environment beside the driver's Python,
which stays as it is for everyone else, and from there to the executors.
"""

import atexit
import importlib
import importlib.util
import os
import re
import shlex
import shutil
import site
import sys
import tempfile

from . import commands, python_tags
from .common import safely
from .executor_packages import executor_packages
from .interrupts import active_spark_context
from .ipython_start import ipython
from .stdlib import contextlib

FROM_HERE = '--from-here'
FROM_HERE_ALONE = '%pip install --from-here needs a cell of its own.'
# With these, the user says where packages go.
PLACES = ('--user', '--target', '-t', '--prefix', '--root', '--python')
ENVIRONMENT = {
    'PIP_DISABLE_PIP_VERSION_CHECK': '1',
    'PIP_NO_INPUT': '1',
    'PIP_ROOT_USER_ACTION': 'ignore',
    'PIP_USER': '0',  # The system's settings may say otherwise.
    'PYTHONUNBUFFERED': '1',
}
NO_PIP = "The driver's Python has no pip. `%pip install --from-here NAME` brings pip and the package from this machine."
NO_INDEX = (
    'The driver reaches no package index that has this. `%pip install --from-here NAME` downloads it on this machine '
    'and carries it there.'
)
NO_WHEEL = (
    "There is no wheel for the driver's Python (%s), and pip could not build the package there. Another version "
    'may have one; a package of Python alone needs none.'
)
REACHES_NOTHING = re.compile(
    'Failed to establish a new connection|Cannot connect to proxy|ConnectTimeout|Name or service not known'
    r'|Network is unreachable|connection broken by|\(from versions: none\)'
)
CANNOT_BUILD = re.compile(
    'Failed building wheel|Failed to build|subprocess-exited-with-error|error: metadata-generation-failed'
)


class PolicyError(Exception):
    pass


class Packages:
    def __init__(self):
        self.folder = None  # The virtual environment, once something is installed.
        self.refusal = None  # Why a policy of the kernel's machine forbids all this.

    def pip(self, text):
        """Runs `%pip text`, and says what else there is to know."""
        if self.refusal:
            raise PolicyError(self.refusal)
        words = shlex.split(commands.expanded(text))
        pip = self.pip_of_driver()
        if pip is None:
            return print(NO_PIP)
        if words[:1] == ['uninstall']:
            words.append('--yes')  # Nobody could answer.
        python = self.python_for(words)
        before = self.installed()
        code, printed = run([python, *pip, *words])
        self.take_up()
        if code:
            return print_hint(printed)
        if self.installed() != before:
            self.tell(before)
        if self.folder and self.wheels() in words:
            self.remove_wheels()

    def refuse(self, why):
        self.refusal = why

    def pip_of_driver(self):
        """Returns the arguments with which Python runs pip, which may have come from the kernel's machine."""
        if safely(importlib.util.find_spec, 'pip'):
            return ['-m', 'pip']
        carried = [name for name in sorted(os.listdir(self.wheels())) if name.startswith('pip-')]
        return [os.path.join(self.wheels(), carried[-1], 'pip')] if carried else None

    def python_for(self, words):
        """Returns the Python that pip is to change: the session's own, unless the user names a place."""
        if any(word.split('=')[0] in PLACES for word in words):
            return sys.executable
        if words[:1] in (['install'], ['uninstall']):
            self.make()
        return os.path.join(self.folder, 'bin', 'python') if self.folder else sys.executable

    def make(self):
        if self.folder is None:
            self.folder = make_environment()

    def site(self):
        return site_of(self.folder)

    def installed(self):
        """Returns the names and versions of what the session has of its own."""
        names = os.listdir(self.site()) if self.folder else ()
        return {name for name in names if name.endswith(('.dist-info', '.egg-info'))}

    def take_up(self):
        """Lets this Python import what is there, before packages of the driver."""
        importlib.invalidate_caches()
        if self.folder:
            known = list(sys.path)
            site.addsitedir(self.site())
            added = [path for path in sys.path if path not in known]
            first = next((at for at, path in enumerate(known) if is_of_packages(path)), len(known))
            sys.path[:] = known[:first] + added + known[first:]
        ipython.look()

    def tell(self, before):
        stale = sorted(loaded_elsewhere(self.site()))
        if stale and self.installed() - before:
            print('Already imported, so this session goes on with what it has: %s.' % ', '.join(stale))
        print(executor_packages.bring(active_spark_context(), self.site(), self.folder))

    def wheels(self):
        """Returns the folder to which the kernel carries wheels."""
        self.make()
        folder = os.path.join(self.folder, 'wheels')
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)
        return folder

    def remove_wheels(self):
        """Removes the wheels that are installed now; a pip that was carried is needed again."""
        for name in os.listdir(self.wheels()):
            if not name.startswith('pip-'):
                os.remove(os.path.join(self.wheels(), name))

    def describe(self):
        """Describes the Python for which the kernel looks for wheels, and where these go."""
        return dict(
            python_tags.describe(),
            has_pip=self.pip_of_driver() is not None,
            wheels=self.wheels(),
        )


def run(command):
    """Runs a command and shows what it prints; returns its exit code and the whole text."""
    printed = []

    def tell(text):
        printed.append(text)
        sys.stdout.write(text)

    return commands.run(command, tell, env=dict(os.environ, **ENVIRONMENT)), ''.join(printed)


def make_environment():
    """Makes an environment whose packages come before those of the driver's Python."""
    import venv  # Some systems leave it out.

    # Spark removes its own folder in the end, even if Python is killed.
    beside = getattr(safely(active_spark_context), '_temp_dir', None)
    folder = tempfile.mkdtemp(prefix='livy-kernel-packages-', dir=beside)
    if beside is None:
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    venv.EnvBuilder(symlinks=True).create(folder)
    with open(os.path.join(site_of(folder), 'of_driver.pth'), 'w') as file:
        file.writelines(path + '\n' for path in sys.path if is_of_packages(path))
    os.environ['PATH'] = os.path.join(folder, 'bin') + os.pathsep + os.environ.get('PATH', os.defpath)
    return folder


def site_of(folder):
    return os.path.join(folder, 'lib', 'python%d.%d' % sys.version_info[:2], 'site-packages')


def is_of_packages(path):
    return os.path.basename(path) in ('site-packages', 'dist-packages') and os.path.isdir(path)


def loaded_elsewhere(folder):
    """Returns the names of modules that are in the folder, but were imported from elsewhere."""
    for name in {entry.partition('.')[0] for entry in os.listdir(folder)}:
        path = getattr(sys.modules.get(name), '__file__', None)
        if path and not path.startswith(folder):
            yield name


def print_hint(printed):
    if REACHES_NOTHING.search(printed):
        print(NO_INDEX)
    elif CANNOT_BUILD.search(printed):
        print(NO_WHEEL % python_tags.words())


packages = Packages()
CALLS = {'describe_python': packages.describe, 'refuse_packages': packages.refuse}
