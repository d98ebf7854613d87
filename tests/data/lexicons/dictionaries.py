"""Tiny dictionaries of pymorphy."""

import json
import struct
from array import array
from base64 import b64encode
from pathlib import Path
from typing import Any, Dict, List, Tuple

ENDINGS = ["", "о", "кошка", "кошки", "ий"]
PREFIXES = ["", "по", "наи"]
TAGS = ["NOUN,femn sing,nomn", "NOUN,femn sing,gent", "NOUN,femn plur,nomn", "ADJF,Supr masc,sing,nomn", "CONJ"]
# The numbers of the endings, the tags and the prefixes.
PARADIGMS = [[2, 3, 3, 0, 1, 2, 0, 0, 0], [4, 4, 3, 3, 0, 2], [0, 4, 0]]
# Forms with the number and the place of their paradigms.
WORDS = {
    "кошка": [(0, 0)],
    "кошки": [(0, 1), (0, 2)],
    "наибольший": [(1, 1)],
    "больший": [(1, 0)],
    "ещё": [(2, 0)],
}
ENTRIES: Dict[str, List[Tuple[str, str]]] = {
    "кошка": [("кошка", TAGS[0])],
    "кошки": [("кошка", TAGS[1]), ("кошка", TAGS[2])],
    "наибольший": [("больший", TAGS[3])],
    "больший": [("больший", TAGS[3])],
    "ещё": [("ещё", TAGS[4])],
    "еще": [("еще", TAGS[4]), ("ещё", TAGS[4])],
}


def pymorphy_files() -> Dict[str, bytes]:
    """The files of a dictionary by name."""
    meta = [
        ["format_version", "2.4"],
        ["gramtab_formats", {"opencorpora-int": "gramtab-opencorpora-int.json"}],
        ["compile_options", {"paradigm_prefixes": PREFIXES}],
    ]
    columns = array("H", [len(PARADIGMS)])
    for paradigm in PARADIGMS:
        columns.extend([len(paradigm), *paradigm])
    return {
        "meta.json": as_json(meta),
        "suffixes.json": as_json(ENDINGS),
        "gramtab-opencorpora-int.json": as_json(TAGS),
        "paradigms.array": columns.tobytes(),
        "words.dawg": write_dawg([
            form.encode() + b"\x01" + b64encode(struct.pack(">HH", *record)) + b"\n"
            for form, records in WORDS.items()
            for record in records
        ]),
    }  # fmt: skip


def as_json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()


def write_pymorphy(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, content in pymorphy_files().items():
        (folder / name).write_bytes(content)
    return folder


def write_dawg(keys: List[bytes]) -> bytes:
    """A trie in the format of dawgdic, which does not join equal ends: 256 units for the children of each node."""
    root: Dict[int, Any] = {}
    for key in keys:
        node = root
        for label in key:
            node = node.setdefault(label, {})
        node[-1] = True
    nodes: List[Tuple[int, Dict[int, Any]]] = [(0, root)]
    units = {0: 0}
    guide: Dict[int, Tuple[int, int]] = {}
    n_blocks = 1
    for place, node in nodes:
        block, n_blocks = 256 * n_blocks, n_blocks + 1
        units[place] |= (place ^ block) << 10 | (0x100 if -1 in node else 0)
        labels = sorted(label for label in node if label >= 0)
        if -1 in node:
            units[block] = 1 << 31
        guide[place] = labels[0] if labels else 0, guide.get(place, (0, 0))[1]
        for label, following in zip(labels, [*labels[1:], 0]):
            units[block ^ label], guide[block ^ label] = label, (0, following)
            nodes.append((block ^ label, node[label]))
    size = 256 * n_blocks
    data = array("I", [units.get(place, 0) for place in range(size)])
    links = bytes(number for place in range(size) for number in guide.get(place, (0, 0)))
    return struct.pack("=I", size) + data.tobytes() + struct.pack("=I", size) + links
