#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a service of each protocol from kitchen.ops: generate.py OUT_DIR writes <name>.h and
<name>_shapes.c, as tools/gen.py does for a model of the server, and kitchen_records.h and .c. Tests
import HEADS and model_text.
"""
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tools"))
import gen_http  # noqa: E402
from gen_model import Model  # noqa: E402

# The lines that say what a service speaks.
HEADS = {
    "json10": "target Json10 1.0",
    "json11": "target Json11 1.1",
    "query": "query 2020-01-08 https://query/ json",
    "ec2": "query 2020-01-08 https://ec2/ ec2",
    "restjson": "rest-json",
    "restxml": "rest-xml https://restxml/",
    "barexml": "rest-xml https://barexml/ bare",
    "cbor": "cbor Kitchen",
}
REST = ("restjson", "restxml", "barexml")
OF_REST = {name for name in gen_http.OPTIONS if name not in ("time", "attribute", "xmlns", "token")}


def without_rest(line):
    """The line of a member without the options that only REST has."""
    words, kept, skipped = line.split(), [], 0
    for word in words[3:] if words[:1] in (["in"], ["out"]) else []:
        if word in OF_REST:
            skipped = gen_http.OPTIONS[word][1]
        elif skipped:
            skipped -= 1
        else:
            kept.append(word)
    return "\t" + " ".join(words[:3] + kept) if words[:1] in (["in"], ["out"]) else line


def model_text(name):
    lines = (HERE / "kitchen.ops").read_text().splitlines()
    if name not in REST:
        lines = [without_rest(line) for line in lines if not re.match(r"\thttp |\troot ", line)]
    return "\n".join([f"service {name}", HEADS[name], f"namespace com.example.{name}",
                      "denied AccessDeniedException AccessDenied 403", *lines]) + "\n"


def model(name):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"{name}.ops"
        path.write_text(model_text(name))
        return Model(path)


def main():
    out = pathlib.Path(sys.argv[1])
    for name in HEADS:
        made = model(name)
        for file, text in ((f"kitchen_{name}.h", made.header()),
                           (f"kitchen_{name}_shapes.c", made.shapes_source())):
            text = text.replace(f'"api/{name}.h"', f'"kitchen_{name}.h"')
            (out / file).write_text(text)
    records = model("json11").records
    (out / "kitchen_records.h").write_text(records.header())
    (out / "kitchen_records.c").write_text(
        records.source().replace('"api/json11_records.h"', '"kitchen_records.h"'))


if __name__ == "__main__":
    main()
