"""Lists what a wheel's program contains, as CycloneDX (https://cyclonedx.org/docs/1.6/json/).

maturin's own list has the crates of all platforms and paths of this machine, so that no two machines would agree on it.

    python .ci/sbom.py x86_64-unknown-linux-gnu > livy-kernel.cdx.json
"""

import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAM = "livy-kernel"


def output_of(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def crates_of(target):
    """Returns the program's crates by their ids, those only its build runs among them, and what each depends on."""
    metadata = json.loads(output_of("cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", target))
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: used_by(node) for node in metadata["resolve"]["nodes"]}
    [program] = [key for key in metadata["workspace_members"] if packages[key]["name"] == PROGRAM]
    found, waiting = {}, [program]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found[key] = nodes[key]
            waiting += nodes[key]
    return program, {key: (packages[key], needs) for key, needs in found.items()}


def used_by(node):
    """Returns the crates that a crate uses other than in its own tests."""
    return [each["pkg"] for each in node["deps"] if any(kind["kind"] != "dev" for kind in each["dep_kinds"])]


def reference(package):
    # The crates of this repository are published nowhere, and have no package URL.
    prefix = "pkg:cargo/" if package["source"] else ""
    return f"{prefix}{package['name']}@{package['version']}"


def component(package):
    name = reference(package)
    return {
        "type": "library",
        "bom-ref": name,
        "name": package["name"],
        "version": package["version"],
        # Old crates separate licences with a slash, which SPDX does not know.
        "licenses": [{"expression": package["license"].replace("/", " OR ")}],
        **({"purl": name} if package["source"] else {}),
    }


def toolchain():
    """Returns what the compilers add: Rust's standard library, and Zig's library that unwinds the stack."""
    about_rust = dict(
        line.split(": ", 1) for line in output_of(os.environ.get("RUSTC", "rustc"), "-vV").splitlines() if ": " in line
    )
    added = (
        ("std", about_rust["release"], "MIT OR Apache-2.0"),
        (
            "zig-libunwind",
            version("ziglang"),
            "Apache-2.0 WITH LLVM-exception",
        ),
    )
    return [
        {
            "type": "library",
            "bom-ref": f"{name}@{release}",
            "name": name,
            "version": release,
            "licenses": [{"expression": license}],
        }
        for name, release, license in added
    ]


def contents(target):
    program, crates = crates_of(target)
    own, _ = crates[program]
    added = toolchain()
    refs = {key: reference(package) for key, (package, _) in crates.items()}
    needs = {refs[key]: sorted(refs[each] for each in needed) for key, (_, needed) in crates.items()}
    needs[refs[program]] += [each["bom-ref"] for each in added]
    listed = [component(package) for key, (package, _) in crates.items() if key != program]
    made = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": made.isoformat().replace("+00:00", "Z"),
            "component": component(own) | {"type": "application", "purl": f"pkg:pypi/{PROGRAM}@{own['version']}"},
            "properties": [{"name": "target", "value": target}],
        },
        "components": sorted(listed, key=lambda each: each["bom-ref"]) + added,
        "dependencies": [{"ref": ref, "dependsOn": sorted(set(needs[ref]))} for ref in sorted(needs)],
    }


if __name__ == "__main__":
    json.dump(contents(*sys.argv[1:]), sys.stdout, indent=1, ensure_ascii=False)
    print()
