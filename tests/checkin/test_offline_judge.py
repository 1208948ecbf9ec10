"""The gate's own script judges codes as the server does: its files run in node, on the same codes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import eventsys
from eventsys.bookings.tickets import (
    TYPED_ALPHABET,
    CodeFault,
    has_check_character,
    new_typed_code,
    sign,
    typed_code,
    verify,
)
from eventsys.checkin.sealing import seal
from eventsys.core.ids import id_to_bytes, new_public_id

GATE = Path(eventsys.__file__).parent / "assets" / "js" / "gate"
NODE = Path(sys.executable).parent / "node"
CODES = 100_000 if os.environ.get("EVENTSYS_SOAK") else 3_000
KEYS = {number: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 9)}
KNOWN = {number: KEYS[number].public_key() for number in (1, 2)}  # the third signs for somebody else

SCRIPT = """
import { readFileSync } from "node:fs";
import { decode, hasTypo, typedCode } from "%(gate)s/codes.js";
import { Verifier, unseal } from "%(gate)s/verify.js";
const told = JSON.parse(readFileSync(0, "utf8"));
if (told.withoutWebCrypto) crypto.subtle.importKey = async () => { throw new Error("not here"); };
const verifier = new Verifier(told.keys);
const answers = [];
for (const code of told.codes) {
  const read = decode(code);
  if (typeof read === "string") answers.push(read);
  else answers.push((await verifier.isGenuine(read)) ? `${read.ticket} ${read.slot}` : "forged");
}
const names = [];
for (const [code, sealed] of told.sealed ?? []) names.push(await unseal(sealed, decode(code)));
const typed = (told.typed ?? []).map((text) => (typedCode(text) ? !hasTypo(text) : null));
console.log(JSON.stringify({ answers, names, typed }));
"""


def asked(**told):
    """What the gate's script says."""
    keys = {str(number): base64.b64encode(key.public_bytes_raw()).decode() for number, key in KNOWN.items()}
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", SCRIPT % {"gate": GATE.as_posix()}],
        input=json.dumps({"keys": keys, "codes": [], **told}),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said(code):
    """What the server says."""
    found = verify(code, KNOWN.get)
    return found.value if isinstance(found, CodeFault) else f"{found.ticket} {found.slot}"


def genuine(random):
    key = random.choice((1, 2))
    return sign(new_public_id(), new_public_id(), key, KEYS[key])


def altered(random):
    """A code that no key of ours signed: a character changed, two codes joined, an unknown key, another version."""
    code = genuine(random)
    way = random.randrange(4)
    if way == 0:
        place = random.randrange(len(code))
        other = random.choice([letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if letter != code[place]])
        return code[:place] + other + code[place + 1 :]
    if way == 1:
        cut = random.randrange(28, 40)  # within the ids and before the signature ends
        return code[:cut] + genuine(random)[cut:]
    if way == 2:
        return sign(new_public_id(), new_public_id(), 9, KEYS[9])
    raw = bytearray(base64.b32decode(code + "===="))
    raw[random.choice((0, 1))] ^= 1 << random.randrange(8)
    return base64.b32encode(bytes(raw)).decode().rstrip("=")


def test_no_altered_code_passes_and_every_genuine_one_does():
    random = Random(20261126)
    codes = [genuine(random) for _ in range(50)]
    forged = [altered(random) for _ in range(CODES)]
    answers = asked(codes=codes + forged)["answers"]
    assert answers == [said(code) for code in codes + forged]
    assert not {"forged", "malformed"} & set(answers[:50])
    assert set(answers[50:]) <= {"forged", "malformed"}


def test_without_webcrypto_the_library_says_the_same():
    random = Random(7)
    codes = [*(genuine(random) for _ in range(10)), *(altered(random) for _ in range(60))]
    assert asked(codes=codes, withoutWebCrypto=True)["answers"] == [said(code) for code in codes]


@pytest.mark.parametrize(
    "shape",
    ["{}", "https://district.example/t/{}", " {} ", "HTTPS://D.EXAMPLE/T/{}?from=wechat#x", "{}/", "\n{}\t"],
)
def test_a_code_is_read_out_of_whatever_a_scanner_gives(shape):
    code = genuine(Random(1))
    texts = [shape.format(code), shape.format(code.lower())]
    assert asked(codes=texts)["answers"] == [said(text) for text in texts] == [said(code)] * 2


def test_nonsense_is_malformed_for_both():
    texts = [
        "",
        "hello",
        "二维码",
        "A" * 131,
        "A" * 133,
        "1" * 132,
        "https://district.example/t/",
        "𠮷" * 132,
        "/t//t/",
    ]
    assert asked(codes=texts)["answers"] == [said(text) for text in texts] == ["malformed"] * len(texts)


def test_a_name_opens_with_its_own_code_only():
    random = Random(3)
    code, other = genuine(random), genuine(random)
    ticket = verify(code, KNOWN.get).ticket
    sealed = seal(json.dumps(["欧阳𠮷", "甲公司"], ensure_ascii=False), code, id_to_bytes(ticket))
    assert asked(sealed=[[code, sealed], [other, sealed]])["names"] == [["欧阳𠮷", "甲公司"], None]


def test_slips_of_the_finger_are_told_the_same():
    random = Random(5)
    codes = [new_typed_code() for _ in range(100)]
    slips = ["".join(random.choice(TYPED_ALPHABET) for _ in range(6)) for _ in range(300)]
    texts = [*codes, *slips, "abc-234", "23 45 67", "1O0ILU", "", "二三四五六七"]
    expected = [has_check_character(code) if (code := typed_code(text)) else None for text in texts]
    assert asked(typed=texts)["typed"] == expected
    assert all(expected[:100])
