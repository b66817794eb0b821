# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Tells which wheels fit this Python (https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/)
and what markers mean in it (https://packaging.python.org/en/latest/specifications/dependency-specifiers/).
"""

import os
import platform
import sys
import sysconfig

from .common import safely

OLDEST_GLIBC = 5  # 2.5, that of manylinux1.
OLD_NAMES = {17: 'manylinux2014', 12: 'manylinux2010', 5: 'manylinux1'}


def describe():
    return {
        'version': '%d.%d' % sys.version_info[:2],
        'abi': 'cp%d%d%s' % (sys.version_info[0], sys.version_info[1], sys.abiflags.replace('d', '')),
        'platforms': platforms(),
        'markers': markers(),
        'packages': safely(installed) or {},
        'words': words(),
    }


def words():
    glibc = glibc_minor()
    libc = 'glibc 2.%d' % glibc if glibc else 'no glibc'
    return 'Python %d.%d, %s, %s' % (sys.version_info[0], sys.version_info[1], sysconfig.get_platform(), libc)


def platforms():
    """Returns the platforms whose wheels fit, the best first."""
    system, _, machine = sysconfig.get_platform().replace('.', '_').partition('-')
    machine = machine.replace('-', '_')
    names = []
    for minor in range(glibc_minor(), OLDEST_GLIBC - 1, -1):
        names.append('manylinux_2_%d_%s' % (minor, machine))
        if minor in OLD_NAMES:
            names.append('%s_%s' % (OLD_NAMES[minor], machine))
    return [*names, '%s_%s' % (system, machine)]


def glibc_minor():
    """Returns the second number of glibc's version, or 0 where Python has another C library."""
    name, _, version = (safely(os.confstr, 'CS_GNU_LIBC_VERSION') or '').partition(' ')
    numbers = version.split('.')
    return int(numbers[1]) if name == 'glibc' and numbers[0] == '2' else 0


def markers():
    version = sys.implementation.version
    return {
        'implementation_name': sys.implementation.name,
        'implementation_version': '%d.%d.%d' % version[:3],
        'os_name': os.name,
        'platform_machine': platform.machine(),
        'platform_python_implementation': platform.python_implementation(),
        'platform_release': platform.release(),
        'platform_system': platform.system(),
        'platform_version': platform.version(),
        'python_full_version': platform.python_version(),
        'python_version': '.'.join(platform.python_version_tuple()[:2]),
        'sys_platform': sys.platform,
    }


def installed():
    """Returns the versions of the packages that this Python finds."""
    try:
        from importlib import metadata
    except ImportError:  # Python 3.7
        import pkg_resources

        return {each.project_name: each.version for each in pkg_resources.WorkingSet()}
    found = [(each.metadata['Name'], each.version) for each in metadata.distributions()]
    return {name: version for name, version in reversed(found) if name}  # The first one is what Python imports.
