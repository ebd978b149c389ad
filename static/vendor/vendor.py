"""Fetch the vendored front-end files again: `python static/vendor/vendor.py` (needs npm, as a client only).

Each package is fetched at its pinned version, the version inside the package is checked, and only the
files named here are kept, with the licence beside them. The product itself never runs npm.
"""

import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent.parent / "tests" / "browser" / "vendor"

# package, version, where to, {file in the package: file here}
PACKAGES = [
    (
        "bootstrap",
        "5.3.9",
        HERE / "bootstrap",
        {
            "dist/css/bootstrap.min.css": "bootstrap.min.css",
            "dist/js/bootstrap.bundle.min.js": "bootstrap.bundle.min.js",
            "LICENSE": "LICENSE.txt",
        },
    ),
    ("htmx.org", "2.0.11", HERE / "htmx", {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE.txt"}),
    ("sortablejs", "1.15.7", HERE / "sortable", {"Sortable.min.js": "sortable.min.js", "LICENSE": "LICENSE.txt"}),
    ("axe-core", "4.14.1", TESTS, {"axe.min.js": "axe.min.js", "LICENSE": "axe.LICENSE.txt"}),
]

# The maps are not shipped, and a static file storage that hashes names would look for them.
SOURCE_MAP = re.compile(rb"\n?(?://|/\*)# sourceMappingURL=[^\n*]*(?:\s*\*/)?\n?")


def fetch(package: str, version: str, target: Path, files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            ["npm", "pack", "--silent", f"{package}@{version}"], cwd=scratch, check=True, stdout=subprocess.DEVNULL
        )
        (archive,) = Path(scratch).glob("*.tgz")
        with tarfile.open(archive) as tar:

            def read(name: str) -> bytes:
                member = tar.extractfile(f"package/{name}")
                if member is None:
                    raise SystemExit(f"{package}@{version} has no {name}")
                return member.read()

            found = json.loads(read("package.json"))["version"]
            if found != version:
                raise SystemExit(f"{package}: asked for {version}, got {found}")
            target.mkdir(parents=True, exist_ok=True)
            for source, name in files.items():
                (target / name).write_bytes(SOURCE_MAP.sub(b"\n", read(source)))
    print(f"{package} {version} -> {target.relative_to(HERE.parent.parent)}")


if __name__ == "__main__":
    for package, version, target, files in PACKAGES:
        fetch(package, version, target, files)
