"""Parse an exported postmortem with parsers that are not ours.

Usage: check_postmortem.py FILE. Prints a JSON object with `keys`, `front_matter`, `headings` and
`sections`; exits with a message if the file is not well formed.
"""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import yaml

MARK = re.compile(r"<!-- section: ([a-z0-9_-]+) -->")
NAMESPACE = "{http://commonmark.org/xml/1.0}"


def split(raw):
    """Return the front matter's lines and the body."""
    if raw.startswith(b"\xef\xbb\xbf"):
        sys.exit("the file begins with a byte order mark")
    if b"\r" in raw:
        sys.exit("the file has a carriage return")
    if not raw.endswith(b"\n"):
        sys.exit("the file does not end with a newline")
    lines = raw.decode("utf-8").split("\n")
    if lines[0] != "---":
        sys.exit("the file does not begin with front matter")
    end = lines.index("---", 1)
    return lines[1:end], "\n".join(lines[end + 1 :])


def read_front_matter(lines):
    """Read it as YAML and, line by line, as JSON; both must agree."""
    document = yaml.safe_load("\n".join(lines))
    if not isinstance(document, dict):
        sys.exit("the front matter is not a mapping")
    keys = []
    for line in lines:
        key, colon, value = line.partition(": ")
        if not colon or key in keys:
            sys.exit(f"not a single `key: value`: {line}")
        keys.append(key)
        if json.loads(value) != document[key]:
            sys.exit(f"YAML and JSON disagree: {line}")
    if keys != list(document):
        sys.exit("YAML sees other keys than the lines show")
    return keys, document


def read_body(body):
    """Return headings and section marks of the CommonMark tree."""
    tree = subprocess.run(
        ["cmark", "--to", "xml"], input=body, capture_output=True, text=True, check=True
    )
    headings, sections = [], []
    for node in ElementTree.fromstring(tree.stdout):
        if node.tag == NAMESPACE + "heading":
            text = "".join(
                " " if part.tag in (NAMESPACE + "softbreak", NAMESPACE + "linebreak")
                else part.text or ""
                for part in node.iter()
                if part is not node
                and part.tag
                in tuple(NAMESPACE + name for name in ("text", "code", "softbreak", "linebreak"))
            )
            headings.append({"level": int(node.get("level")), "text": text})
        elif node.tag == NAMESPACE + "html_block":
            sections.extend(MARK.findall(node.text or ""))
    return headings, sections


def main():
    with open(sys.argv[1], "rb") as file:
        lines, body = split(file.read())
    keys, front_matter = read_front_matter(lines)
    headings, sections = read_body(body)
    result = {
        "keys": keys,
        "front_matter": front_matter,
        "headings": headings,
        "sections": sections,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
