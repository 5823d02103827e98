#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes src/api from model/: gen.py [--out DIR] [--check].

For each model/<service>.ops it writes <service>.h (structs, prototypes, faults), <service>_shapes.c
(shape tables, faults; server and client link it) and <service>_service.c (the operation table with
the handlers; only the server links it), <service>_records.h and .c if the model has records, and
the tables of doc/<service>.md. --check exits with 1 if a file in DIR differs.
"""
import argparse
import pathlib
import sys

import gen_pages
from gen_model import Model
from gen_source import MARK

ROOT = pathlib.Path(__file__).resolve().parent.parent


def outputs():
    files, binds = {}, []
    for path in sorted((ROOT / "model").glob("*.ops")):
        model = Model(path)
        files[f"src/api/{model.name}.h"] = model.header()
        files[f"src/api/{model.name}_shapes.c"] = model.shapes_source()
        files[f"src/api/{model.name}_service.c"] = model.service_source()
        if model.records.structures:
            files[f"src/api/{model.name}_records.h"] = model.records.header()
            files[f"src/api/{model.name}_records.c"] = model.records.source()
        page = ROOT / "doc" / f"{model.name}.md"
        if page.exists():
            files[f"doc/{model.name}.md"] = gen_pages.reference_page(model, page.read_text())
        binds.append(f"void {model.name}_bind_handlers(void);\n")
    files["src/api/handlers.h"] = (
        MARK.format(name="<service>") +
        "/* handlers: fills the operation tables with the handlers; once, before any thread. */\n"
        "#ifndef TERN_API_HANDLERS_H\n#define TERN_API_HANDLERS_H\n\n" +
        "".join(binds) + "\n#endif\n")
    names = [path.stem for path in sorted((ROOT / "model").glob("*.ops"))]
    files["src/api/services.h"] = (
        MARK.format(name="<service>") + "/* services: all of them, without handlers. */\n"
        "#ifndef TERN_API_SERVICES_H\n#define TERN_API_SERVICES_H\n\n"
        '#include "wire/facts.h"\n\n'
        f"enum {{ API_SERVICES = {len(names)} }};\n"
        "extern const struct service *const api_services[API_SERVICES]; /* sorted by name */\n\n"
        "#endif\n")
    files["src/api/services.c"] = (
        MARK.format(name="<service>") + '#include "api/services.h"\n\n' +
        "".join(f'#include "api/{name}.h"\n' for name in names) +
        "\nconst struct service *const api_services[API_SERVICES] = {\n" +
        "".join(f"\t&{name}_client_service,\n" for name in names) + "};\n")
    files["doc/limits.md"] = gen_pages.limits_page()
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT, help="folder to write below")
    parser.add_argument("--check", action="store_true", help="write nothing, tell what is stale")
    options = parser.parse_args()
    stale = []
    for name, text in outputs().items():
        path = options.out / name
        if options.check:
            if not path.exists() or path.read_text() != text:
                stale.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if stale:
        sys.exit("stale, run make gen: " + ", ".join(stale))


if __name__ == "__main__":
    main()
