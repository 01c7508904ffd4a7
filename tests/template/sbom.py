"""Whether a bill of materials is one by the schema of CycloneDX 1.6, licence expressions included.

Usage: sbom.py FILE
"""

import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(Path(sys.argv[1]).read_text())
if problem:
    sys.exit(f"{sys.argv[1]}: {problem}")
