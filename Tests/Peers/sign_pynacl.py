"""Signs and verifies as the QQ platform does, with PyNaCl.

sign SECRET TIMESTAMP      reads a body, prints the signature in hexadecimal
verify SECRET SIGNATURE    reads a message, prints "valid" or "invalid"
"""

import sys

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey


def signing_key(secret: str) -> SigningKey:
    seed = secret.encode()
    while len(seed) < 32:
        seed += seed
    return SigningKey(seed[:32])


command, secret, argument = sys.argv[1:4]
key = signing_key(secret)
data = sys.stdin.buffer.read()
if command == "sign":
    print(key.sign(argument.encode() + data).signature.hex())
else:
    try:
        key.verify_key.verify(data, bytes.fromhex(argument))
        print("valid")
    except BadSignatureError:
        print("invalid")
