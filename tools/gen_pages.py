# SPDX-License-Identifier: MIT
"""Writes the tables of doc/<service>.md and the page of limits."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent


def operations_table(model):
    def members(parts):
        return ", ".join(f"**{m.name}**" if m.is_required else m.name for m in parts)

    rows = ["| operation | input | output | |\n|---|---|---|---|\n"]
    for name in sorted(model.operations):
        parts = model.operations[name]
        marks = ["resource"] if parts["resource"] else []
        marks += ["data"] if parts["facts"]["event"] == "data" else []
        rows.append(f"| {name} | {members(parts['in'])} | {members(parts['out'])} | "
                    f"{', '.join(marks)} |\n")
    return "".join(rows)


def quota(model, name):
    """AWS's quota in words: "300/s of each queue"."""
    if not name:
        return ""
    scope, rate, burst, title = model.facts.throttles[name]
    text = f"{rate / 1000:,g}/s"
    if burst * 1000 != rate:
        text += f", burst {burst}"
    return text + {"each": "", "shared": f" (shared: {title})", "quota": f" ({title})"}[scope]


def access_table(model):
    rows = ["| operation | | access | resources | condition keys | AWS's quota |\n"
            "|---|---|---|---|---|---|\n"]
    for name in sorted(model.operations):
        facts = model.operations[name]["facts"]
        rows.append(f"| {name} | {facts['doc']} | {facts['access']} | "
                    f"{', '.join(facts['resources']) or '`*`'} | "
                    f"{', '.join(f'`{key}`' for key in facts['keys'])} | "
                    f"{quota(model, facts.get('throttle'))} |\n")
    return "".join(rows)


def resources_table(model):
    rows = ["| resource | ARN | condition keys |\n|---|---|---|\n"]
    rows += [f"| {name} | `{template}` | {', '.join(f'`{key}`' for key in keys)} |\n"
             for name, (template, _, keys) in model.facts.resources.items()]
    return "".join(rows)


def faults_table(model):
    rows = ["| fault | query code | status |\n|---|---|---:|\n"]
    rows += [f"| {fault[0]} | `{fault[1]}` | {fault[2]} |\n" for fault in sorted(model.faults)]
    return "".join(rows)


def reference_page(model, text):
    """The hand-written page with its tables made anew."""
    for name, table in (("operations", operations_table(model)), ("access", access_table(model)),
                        ("resources", resources_table(model)), ("faults", faults_table(model))):
        text = re.sub(rf"(<!-- {name}: .*? -->\n).*?(<!-- end -->)",
                      lambda match, table=table: f"{match[1]}\n{table}\n{match[2]}", text,
                      count=1, flags=re.S)
    return text


def limits_page():
    text = (ROOT / "src/base/limits.h").read_text()
    rows = re.findall(r'X\((\w+), (\d+), "([^"]*)", "([^"]*)"\)', text)
    lines = ["# Limits\n\n",
             "Every size, count and wait that comes from outside, from `src/base/limits.h`",
             " (this page is made by `make gen`). Lengths and ranges of the members of requests are"
             " in the models: `tern help api SERVICE OPERATION` shows them.\n\n",
             "| limit | value | unit | of |\n|---|---:|---|---|\n"]
    lines += [f"| `{name}` | {int(value):,} | {unit} | {what} |\n"
              for name, value, unit, what in rows]
    return "".join(lines)
