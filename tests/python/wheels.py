"""Writes small wheels (https://packaging.python.org/en/latest/specifications/binary-distribution-format/)."""

import zipfile

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def write_wheel(folder, name, version="1.0", *, requires=(), tag="py3-none-any"):
    """Writes a wheel whose module says its own version; returns the wheel's path."""
    path = folder / f"{name}-{version}-{tag}.whl"
    metadata = METADATA.format(name=name, version=version) + "".join(f"Requires-Dist: {need}\n" for need in requires)
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"VERSION = {version!r}\n",
        f"{about}/METADATA": metadata,
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in {**files, f"{about}/RECORD": record}.items():
            wheel.writestr(file, text)
    return path
