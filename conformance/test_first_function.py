"""docs/first-function.md, typed as it stands: every file, every command, every answer."""

import re
import tempfile
from pathlib import Path

import pytest
from system import START_SECONDS
from typed_pages import ROOT, Typist, blocks

PAGE = (ROOT / "docs/first-function.md").read_text()
LANGUAGES = ["Python", "TypeScript", "JavaScript", "Rust"]
# The first build of the Rust function builds everything that the SDK needs.
BUILD_SECONDS = 1800


def section(language):
    parts = re.split(r"^## (.+)\n", PAGE, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language(language):
    patience = BUILD_SECONDS if language == "Rust" else START_SECONDS
    with tempfile.TemporaryDirectory() as folder, Typist(Path(folder).resolve(), patience) as typist:
        parts = blocks(section(language))
        assert {kind for name, kind, _ in parts if not name} == {"sh", "json"}
        typist.type(parts)
        assert "SUCCEEDED" in typist.said and "greet" in typist.said, typist.said
        assert "invocations  2" in typist.said, typist.said
