"""Signs and verifies as the QQ platform does, with cryptography.

sign SECRET TIMESTAMP      reads a body, prints the signature in hexadecimal
verify SECRET SIGNATURE    reads a message, prints "valid" or "invalid"
"""

import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def private_key(secret: str) -> Ed25519PrivateKey:
    seed = secret.encode()
    while len(seed) < 32:
        seed += seed
    return Ed25519PrivateKey.from_private_bytes(seed[:32])


command, secret, argument = sys.argv[1:4]
key = private_key(secret)
data = sys.stdin.buffer.read()
if command == "sign":
    print(key.sign(argument.encode() + data).hex())
else:
    try:
        key.public_key().verify(bytes.fromhex(argument), data)
        print("valid")
    except InvalidSignature:
        print("invalid")
