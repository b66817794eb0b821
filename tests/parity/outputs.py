"""What a cell gave, in a form in which two kernels can be compared."""

import re

ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
TIME = re.compile(r"\d[\d.]*(?:e[+-]\d+)? (?:s|ms|[µμ]s|ns)\b")
TEMPORARY = re.compile(r"[^\s(]*(?:ipykernel_\d+/\d+\.py|<stdin>)|\b\d{6,}\.py")

# A remark of IPython's on how even the runs were.
UNEVEN = re.compile(r"The slowest run took .*\n")


def run(client, code, timeout=120):
    """A cell's outputs: kind and content, texts of one stream in one."""
    messages = []
    client.execute_interactive(code, timeout=timeout, output_hook=messages.append, allow_stdin=False)
    outputs = []
    for message in messages:
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            outputs.clear()
        elif kind in ("status", "execute_input") or is_progress(kind, content):
            continue
        elif kind == "stream":
            add_text(outputs, content)
        elif kind == "error":
            outputs.append(("error", {"ename": content["ename"], "evalue": plain(content["evalue"])}))
        else:
            outputs.append((kind, bundle(content)))
    return outputs


def is_progress(kind, content):
    """Of the session's start and of Spark's jobs, which ipykernel has not."""
    text = content.get("data", {}).get("text/plain", "")
    return "display_data" in kind and text.startswith(("Starting a Spark", "Spark"))


def add_text(outputs, content):
    for kind, known in outputs:
        if kind == "stream" and known["name"] == content["name"]:
            known["text"] = plain(known["text"] + content["text"])
            return
    outputs.append(("stream", {"name": content["name"], "text": plain(content["text"])}))


def bundle(content):
    data = {mime: plain(value) for mime, value in content["data"].items()}
    if "image/png" in data:
        data["image/png"] = "an image" if len(data["image/png"]) > 1000 else "no image"
    return {"data": data, "metadata": content["metadata"]}


def plain(value):
    """Without what differs from run to run."""
    if not isinstance(value, str):
        return value
    for pattern, instead in ((ADDRESS, "0x…"), (TIME, "… s"), (TEMPORARY, "<cell>"), (UNEVEN, "")):
        value = pattern.sub(instead, value)
    return value
