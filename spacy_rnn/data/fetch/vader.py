"""English sentences with mean human ratings of their sentiment, from the archive of the VADER paper (Hutto & Gilbert
2014) in a source distribution on the package index."""

import io
import tarfile
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

SENTIMENT_MEMBER = "additional_resources/hutto_ICWSM_2014.tar.gz"

# The movie reviews are left out: they overlap the Stanford Sentiment Treebank, on which people test.
FILES = {
    "tweets": "tweets_GroundTruth.txt",
    "products": "amazonReviewSnippets_GroundTruth.txt",
    "editorials": "nytEditorialSnippets_GroundTruth.txt",
}
# A mean rating, from -4 to 4, counts as an opinion from here on.
THRESHOLD = 0.5


def read_sentiment(archive: Path) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Records with text, label, rating and source, each with the document it belongs to: a tweet, or the review or
    editorial that a sentence is from."""
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
                for line in member.read().decode("utf8").splitlines():
                    identity, rating, text = line.split("\t")
                    text = " ".join(text.split())
                    if text:
                        document = f"{source}:{identity.partition('_')[0]}"
                        record = {"text": text, "label": sentiment_label(float(rating)), "rating": float(rating)}
                        yield document, {**record, "source": source}


def sentiment_label(rating: float) -> str:
    """positive from THRESHOLD on, negative from -THRESHOLD down, neutral between."""
    return "positive" if rating >= THRESHOLD else "negative" if rating <= -THRESHOLD else "neutral"
