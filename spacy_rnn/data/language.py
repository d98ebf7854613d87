"""The spaCy language of a treebank, and a blank pipeline for it that needs no extra packages."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, Tuple, TypeVar

import spacy
from spacy.language import Language
from spacy.util import get_lang_class

from ..errors import CorpusError, Errors

T = TypeVar("T")
MULTI_LANGUAGE = "xx"
RULE_TOKENIZER = {"@tokenizers": "spacy.Tokenizer.v1"}
# Treebanks whose file prefix is not the code that spaCy uses.
LANGUAGE_OF_PREFIX = {"mul": MULTI_LANGUAGE, "no": "nb", "no_nynorsk": "nn", "no_nynorsklia": "nn"}


def treebank_language(path: Path) -> Tuple[str, str]:
    """The spaCy language code for a file such as `pt_petrogold-ud-train.conllu` ("xx" for a language that spaCy does
    not know), and the code in the file's name."""
    prefix = path.name.split("-ud-")[0]
    code = prefix.split("_")[0]
    lang = LANGUAGE_OF_PREFIX.get(prefix, LANGUAGE_OF_PREFIX.get(code, code))
    try:
        get_lang_class(lang)
    except ImportError:
        return MULTI_LANGUAGE, code
    return lang, code


def checked(make: Callable[[str], T], lang: str) -> T:
    """Call a function of spaCy with the code of a language. Raises CorpusError if spaCy does not know the language or a
    package that it needs is not installed."""
    try:
        return make(lang)
    except ImportError as error:
        raise CorpusError(Errors.D027.format(lang=lang, reason=" ".join(str(error).split()).rstrip("."))) from error


def blank_pipeline(lang: str) -> Language:
    """A blank pipeline for the language. Where its tokenizer needs a package that is not installed (Korean, Vietnamese,
    Japanese, Thai), it gets spaCy's rule-based tokenizer with the rules of the language.
    Raises CorpusError if spaCy does not know the language."""
    return spacy.blank(lang, config={"nlp": {"tokenizer": tokenizer_config(lang)[0]}})


@lru_cache(maxsize=None)
def tokenizer_config(lang: str) -> Tuple[Dict[str, Any], bool]:
    """The config of the tokenizer of `blank_pipeline`, and whether it stands in for the language's own."""
    checked(get_lang_class, lang)
    try:
        nlp = spacy.blank(lang)
        nlp.make_doc("a b")
    except ImportError:
        return dict(RULE_TOKENIZER), True
    return dict(nlp.config["nlp"]["tokenizer"]), False
