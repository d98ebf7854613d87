"""Which spaCy language a treebank is in, and a blank pipeline of it that needs no extra packages."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Tuple

import spacy
from spacy.language import Language
from spacy.util import get_lang_class

MULTI_LANGUAGE = "xx"
RULE_TOKENIZER = {"@tokenizers": "spacy.Tokenizer.v1"}
# Treebanks whose file prefix is not the code that spaCy uses.
LANGUAGE_OF_PREFIX = {"mul": MULTI_LANGUAGE, "no": "nb", "no_nynorsk": "nn", "no_nynorsklia": "nn"}


def treebank_language(path: Path) -> Tuple[str, str]:
    """The spaCy language code for a file such as `pt_petrogold-ud-train.conllu`, and the code in the file's name.

    The first one is "xx" where spaCy does not know the language.
    """
    prefix = path.name.split("-ud-")[0]
    code = prefix.split("_")[0]
    lang = LANGUAGE_OF_PREFIX.get(prefix, LANGUAGE_OF_PREFIX.get(code, code))
    return (lang if is_known(lang) else MULTI_LANGUAGE), code


def is_known(lang: str) -> bool:
    """Whether spaCy has a class for the language."""
    try:
        get_lang_class(lang)
    except ImportError:
        return False
    return True


def blank_pipeline(lang: str) -> Language:
    """A blank pipeline of the language that works without extra packages.

    Where the language's own tokenizer needs a package that is not installed (Korean, Vietnamese, Japanese, Thai), the
    pipeline gets spaCy's rule-based tokenizer with the language's own rules; see `tokenizer_config`.
    """
    return spacy.blank(lang, config={"nlp": {"tokenizer": tokenizer_config(lang)[0]}})


@lru_cache(maxsize=None)
def tokenizer_config(lang: str) -> Tuple[Dict[str, Any], bool]:
    """The config of the tokenizer that `blank_pipeline` uses, and whether it is a stand-in for the language's own."""
    try:
        nlp = spacy.blank(lang)
        nlp.make_doc("a b")
    except ImportError:
        return dict(RULE_TOKENIZER), True
    return dict(nlp.config["nlp"]["tokenizer"]), False
