# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Guards the ports of the session's Java and Python, to which every user of this machine can connect.

Each guard is a small Java class, compiled by the compiler that Spark has for its own generated code.
"""

import os
import sys

from py4j.java_gateway import JavaObject

GUARD = 'LivyLocalUiGuard'
CALLBACKS = 'LivyLocalCallbackClient'


def ui_properties(conf, key_file):
    """Properties that switch the guard on. Java starts with them, so they also hold for a Spark that starts later."""
    filters = [GUARD, conf.get('spark.ui.filters')]
    return {'spark.ui.filters': ','.join(filter(None, filters)), 'spark.%s.param.keyFile' % GUARD: key_file}


def guard_ui(gateway, folder, source):
    """Guards the Spark UI. If that fails, returns properties that switch the UI off."""
    # Spark 4 has the servlet classes in another package, and those of Spark 3 for what else needs them.
    for version in source.replace('javax.servlet', 'jakarta.servlet'), source:
        try:
            compile_java(gateway, folder, GUARD, version)
            return {}
        except Exception as error:
            reason = error
    warn('The Spark UI is off, since it could not be kept from other users', reason)
    gateway.jvm.System.setProperty('spark.ui.enabled', 'false')
    return {'spark.ui.enabled': 'false'}


def guard_callbacks(gateway, folder, source):
    """Guards the port at which Java calls Python (`foreachBatch`), where pyspark answers everybody."""
    try:
        server = JavaObject('GATEWAY_SERVER', gateway._gateway_client)
        client, token = server.getCallbackClient(), gateway.gateway_parameters.auth_token
        [constructor] = compile_java(gateway, folder, CALLBACKS, source).getConstructors()
        arguments = gateway.new_array(gateway.jvm.Object, 4)
        for place, argument in enumerate([client, client.getAddress(), client.getPort(), token]):
            arguments[place] = argument
        field = server.getGateway().getClass().getDeclaredField('cbClient')
        field.setAccessible(True)
        field.set(server.getGateway(), constructor.newInstance(arguments))
        gateway.callback_server_parameters.auth_token = token
    except Exception as error:
        warn('Other users of this machine can call the Python functions that Java calls', error)


def compile_java(gateway, folder, name, source):
    """Compiles a class into the folder, where all of Spark's threads find it."""
    loader = gateway.jvm.Thread.currentThread().getContextClassLoader()
    compiler = gateway.jvm.org.codehaus.janino.SimpleCompiler()
    compiler.setParentClassLoader(loader)
    compiler.cook(source)
    with open(os.path.join(folder, name + '.class'), 'wb') as file:
        file.write(compiler.getBytecodes()[name])
    return loader.loadClass(name)


def warn(what, reason):
    print('%s: %s' % (what, str(reason).split('\n')[0]), file=sys.__stderr__)
