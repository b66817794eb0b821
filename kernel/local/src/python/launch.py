# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Makes the command that `bin/spark-submit` would run, with its arguments in files that only this user can read.

Spark passes the properties and arguments of an application from one command line to the next, where every user of the
machine can read them (`ps`). Java can read its command line from a file instead.
"""

import json
import os
import shutil
import subprocess
import sys

from pyspark.find_spark_home import _find_spark_home


def spark_submit(arguments, scratch, env):
    """Returns the command and its environment."""
    env = with_spark_env(dict(env, SPARK_HOME=_find_spark_home(), PYTHONHASHSEED='0'))
    java = os.path.join(env['JAVA_HOME'], 'bin', 'java') if env.get('JAVA_HOME') else 'java'
    jars = os.path.join(env['SPARK_HOME'], 'jars', '*')
    launcher = ['-Xmx128m', *env.get('SPARK_LAUNCHER_OPTS', '').split(), '-cp', jars, 'org.apache.spark.launcher.Main']
    launcher += ['org.apache.spark.deploy.SparkSubmit', *arguments]
    hide = hiding_in(scratch) if reads_argument_files(java) else lambda name, arguments: arguments
    completed = subprocess.run(
        [java, *hide('launcher', launcher)], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True
    )
    messages, _, command = completed.stdout.partition(b'\0\n')
    sys.__stderr__.write(os.fsdecode(messages))
    variables, command = without_env([os.fsdecode(argument) for argument in command.split(b'\0')[:-1]])
    command = without_missing_modules(command)
    return [command[0], *hide('java', command[1:])], dict(env, **variables)


def with_spark_env(env):
    """Returns the environment with what `spark-env.sh` adds."""
    dump = 'import json, os; print(json.dumps(dict(os.environ)))'
    script = '. "$SPARK_HOME/bin/load-spark-env.sh" >&2 && exec "$0" -I -c "%s"' % dump
    command = ['bash', '-c', script, sys.executable]
    completed = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    return json.loads(completed.stdout)


def without_env(command):
    """Takes off `env NAME=VALUE …`, which the launcher puts first if Java needs more variables."""
    variables = {}
    if command[0] == 'env':
        command.pop(0)
        while '=' in command[0]:
            name, _, variables[name] = command.pop(0).partition('=')
    return variables, command


OPTIONAL_MODULES = ('jdk.incubator.vector',)  # Spark 4 asks for it, and does without.


def without_missing_modules(command):
    """Takes off `--add-modules=NAME` where this Java lacks the module, since it would not start."""
    modules = modules_of(command[0])
    missing = ['--add-modules=' + name for name in OPTIONAL_MODULES if name not in modules]
    return [argument for argument in command if argument not in missing]


def modules_of(java):
    """Returns the names of a Java's modules, from the file in which it lists them."""
    try:
        with open(os.path.join(home_of(java), 'release'), encoding='utf-8') as file:
            return set(file.read().replace('"', ' ').split())
    except OSError:
        return set()


def home_of(java):
    return os.path.dirname(os.path.dirname(os.path.realpath(shutil.which(java) or java)))


def reads_argument_files(java):
    """Whether Java can read its command line from a file, which it can since version 9. That has modules."""
    if os.path.exists(os.path.join(home_of(java), 'lib', 'modules')):
        return True
    return b'version "1.' not in subprocess.run([java, '-version'], stderr=subprocess.PIPE, check=True).stderr


def hiding_in(folder):
    """Returns a function that writes arguments into a file of the folder, and returns the one that names the file."""

    def hide(name, arguments):
        path = os.path.join(folder, name + '.arguments')
        write_private(path, '\n'.join(map(quoted, arguments)))
        return ['@' + path]

    return hide


def quoted(argument):
    """Quotes an argument for a file that Java reads."""
    for plain, escaped in ('\\', r'\\'), ('"', r'\"'), ('\n', r'\n'), ('\r', r'\r'), ('\t', r'\t'), ('\f', r'\f'):
        argument = argument.replace(plain, escaped)
    return '"%s"' % argument


def write_private(path, text):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb') as file:
        file.write(os.fsencode(text))
