# SPDX-License-Identifier: MIT
"""cryptography.py: keys, certificates, ciphers half-way."""
import datetime

from cryptography import fernet, x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from kinds import make

RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
NAME = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "zoo")])


def certificate():
    now = datetime.datetime(2020, 1, 1)
    return (x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME)
            .public_key(RSA.public_key()).serial_number(1).not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
            .sign(RSA, hashes.SHA256()))


def updated(made, data=b"data"):
    made.update(data)
    return made


LINES = """
RSA
RSA.public_key()
RSA.private_numbers()
RSA.sign(b"data", padding.PKCS1v15(), hashes.SHA256())
ec.generate_private_key(ec.SECP256R1())
ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
ed25519.Ed25519PrivateKey.generate()
ed25519.Ed25519PrivateKey.generate().public_key()
x25519.X25519PrivateKey.generate()
certificate()
certificate().extensions
certificate().subject
certificate().public_key()
x509.load_der_x509_certificate(certificate().public_bytes(serialization.Encoding.DER))
x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(RSA, hashes.SHA256())
serialization.load_pem_public_key(RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
Cipher(algorithms.AES(b"k" * 16), modes.CBC(b"i" * 16)).encryptor()
updated(Cipher(algorithms.AES(b"k" * 16), modes.GCM(b"i" * 12)).encryptor())
Cipher(algorithms.AES(b"k" * 16), modes.CTR(b"i" * 16)).decryptor()
hashes.Hash(hashes.SHA256())
updated(hashes.Hash(hashes.SHA512()))
updated(hmac.HMAC(b"key", hashes.SHA256()))
aead.AESGCM(b"k" * 16)
aead.ChaCha20Poly1305(b"k" * 32)
fernet.Fernet(fernet.Fernet.generate_key())
fernet.MultiFernet([fernet.Fernet(fernet.Fernet.generate_key())])
PBKDF2HMAC(hashes.SHA256(), 32, b"salt", 10)
"""


def build():
    make(globals(), LINES)
