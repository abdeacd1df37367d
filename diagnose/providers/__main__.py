"""Write the recognition index anew from the provider files: ``python -m diagnose.providers``."""

from __future__ import annotations

from diagnose.providers.files import built_in_providers
from diagnose.providers.recognition import INDEX, build, encode_index

if __name__ == "__main__":
    INDEX.write_bytes(encode_index(build(built_in_providers())))
