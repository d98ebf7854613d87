"""The default treebank, and the split of its documents."""

from typing import Dict

from .archive import ArchivedTreebank

TREEBANK = "UD_Portuguese-PetroGold"

# Theses and monographs on petroleum geology. Either list has about a tenth of the sentences and words.
DEV_DOCUMENTS = (
    "243-20141015-MONOGRAFIA_1",
    "284-20150917-MONOGRAFIA_0",
    "391-20160914-MONOGRAFIA_0",
)
TEST_DOCUMENTS = (
    "202-20140404-MONOGRAFIA_0",
    "247-20140910-MONOGRAFIA_0",
    "77-20141209-TESEMSC_0",
)

# The archive has the whole treebank in one file.
PETROGOLD = ArchivedTreebank(
    requirement="dante-corpora==2.0.5",
    sha256="e050761fd00d09a99beabf81658419b284267341c96afd6dd1225468a9d73bb0",
    member="dante/data/petrogold/annotated.conllu",
    prefix="pt_petrogold",
    documents={"dev": DEV_DOCUMENTS, "test": TEST_DOCUMENTS},
)

ARCHIVED_TREEBANKS: Dict[str, ArchivedTreebank] = {TREEBANK: PETROGOLD}
