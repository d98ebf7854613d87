"""English sentences with mean human ratings of their sentiment (Hutto & Gilbert 2014), from a source distribution on
the package index."""

import io
import tarfile
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

from ..text_files import whole_lines

SENTIMENT_MEMBER = "additional_resources/hutto_ICWSM_2014.tar.gz"

# The movie reviews are left out, since they overlap with the Stanford Sentiment Treebank.
FILES = {
    "tweets": "tweets_GroundTruth.txt",
    "products": "amazonReviewSnippets_GroundTruth.txt",
    "editorials": "nytEditorialSnippets_GroundTruth.txt",
}
# The smallest absolute mean rating, on a scale from -4 to 4, that counts as an opinion.
THRESHOLD = 0.5


def read_sentiment(archive: Path) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Records with text, label, rating and source. The key of each is its document: the tweet, review or editorial that
    it is from."""
    with tarfile.open(archive) as outer:
        found = [member for member in outer.getmembers() if member.name.endswith(SENTIMENT_MEMBER)]
        packed = outer.extractfile(found[0]) if len(found) == 1 else None
        if packed is None:
            raise KeyError(SENTIMENT_MEMBER)
        with tarfile.open(fileobj=io.BytesIO(packed.read())) as inner:
            for source, name in FILES.items():
                member = inner.extractfile(f"hutto_ICWSM_2014/{name}")
                if member is None:
                    raise KeyError(name)
                for line in whole_lines(member, name):
                    identity, rating, text = line.split("\t")
                    text = " ".join(text.split())
                    if text:
                        document = f"{source}:{identity.partition('_')[0]}"
                        record = {"text": text, "label": sentiment_label(float(rating)), "rating": float(rating)}
                        yield document, {**record, "source": source}


def sentiment_label(rating: float) -> str:
    """The label of a mean rating, see THRESHOLD."""
    return "positive" if rating >= THRESHOLD else "negative" if rating <= -THRESHOLD else "neutral"
