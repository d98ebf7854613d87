"""Recurrent and recursive networks in plain torch: importing this package needs neither spaCy nor Thinc.

Sequences of different lengths come joined, (n_tokens, width), with an array of their lengths. `lay_out` turns lengths
into the padded blocks that recurrent layers read; padding and neighbours never change an output:

    lengths = np.array([5, 0, 3])
    rnn = RNN(input_size=16, hidden_size=32, cell="lstm", depth=2)
    y = rnn(torch.randn(8, 16), lay_out(lengths))  # (8, 64)
    texts = SequencePool(64, ["last", "attention"])(y, lengths)  # (3, 192)

Trees come as the head of each node, in the joined batch; a root is its own head:

    trees = Trees.from_heads(np.array([1, 1, 1, 3]))
    y = TreeNet(16, 32)(torch.randn(4, 16), build_batch(trees))  # (4, 32)

A parser scores the arcs between the words of each sentence, and finds the best tree:

    found = BiaffineParser(16, labels=9)(torch.randn(7, 16), Sentences(np.arange(7), np.array([4, 3])), TreeSearch())
    found.heads  # (7,): 0 for the root of a sentence, else 1 + the place of the head

A conditional random field divides each sequence into entities and other tokens:

    found = EntityCRF(16, labels=3)(torch.randn(7, 16), np.array([4, 3]), EntitySearch(marginals=True))
    spans_of(found.tags, 3)  # the first token, the last token and the label of each entity

Spans that may overlap are scored each by itself, by their first and their last token:

    found = BiaffineSpans(16, labels=3)(torch.randn(7, 16), np.array([4, 3]), SpanSearch(edges=np.ones(7, dtype=bool)))
    found.spans, found.probabilities  # none yet: an untrained network finds nothing

Dropout rates start at 0 and are set by `set_dropout`.
"""

from ..base.entities import EntitySearch, EntityTags, EntityTargets, spans_of, tags_of
from ..base.lexicon import Lexicon
from ..base.parsing import Parses, Sentences, StartSearch, TreeSearch, TreeTargets
from ..base.sequences import Decoded, Hypothesis, Search, Sources, Targets
from ..base.spans import FoundSpans, Spans, SpanSearch, SpanTargets
from ..base.trees import Trees
from .attention import ATTENTIONS, Attention
from .char_lm import CharLM, LMState
from .char_vocabulary import CharVocabulary
from .contextual import ContextualStrings, TextPlaces
from .crf.chain import Transitions, entity_log_partition, span_marginals, tag_marginals
from .crf.network import EntityCRF
from .crf.viterbi import best_tags
from .dropout import SequenceDropout, TokenDropout, UnitDropout, set_dropout
from .embed.chars import CharEncoder
from .embed.lexicon import FormBags, LexiconEmbedding
from .embed.tables import GrowingEmbedding, HashEmbedding, LexicalTables
from .embed.vectors import KnownVectors
from .layout import Block, lay_out
from .linear import Maxout
from .ngrams import Bags, NgramScores, WordBags, WordNgramScores, bag_ngrams
from .output import ClassifierOutput, LinearOutput
from .parsing.biaffine import BiaffineParser
from .parsing.eisner import projective_tree
from .parsing.matrix_tree import arc_marginals, log_partition
from .parsing.mst import max_spanning_tree
from .parsing.nesting import best_nesting
from .parsing.spans import BiaffineSpans
from .pooling import POOLINGS, Pool, SequencePool
from .rnn import CELLS, RNN, RecurrentLayer
from .seq2seq.beam import beam_search
from .seq2seq.decoder import Decoder, Memory
from .seq2seq.net import Seq2Seq
from .text_pool import Pieces, TextPool
from .tree.cells import TREE_CELLS
from .tree.net import TreeBatch, TreeNet, build_batch
from .tree.output import TREE_POOLINGS, TreeOutput

__all__ = [
    # Sequences
    "CELLS", "RNN", "RecurrentLayer", "Block", "lay_out",
    # Trees
    "TREE_CELLS", "TREE_POOLINGS", "TreeNet", "TreeOutput", "Trees", "TreeBatch", "build_batch",
    # Parsing
    "BiaffineParser", "Sentences", "TreeTargets", "TreeSearch", "StartSearch", "Parses",
    "max_spanning_tree", "projective_tree", "log_partition", "arc_marginals",
    # Entities
    "EntityCRF", "EntityTargets", "EntitySearch", "EntityTags", "Spans", "spans_of", "tags_of", "Transitions",
    "best_tags", "entity_log_partition", "tag_marginals", "span_marginals",
    # Spans that may overlap
    "BiaffineSpans", "SpanTargets", "SpanSearch", "FoundSpans", "best_nesting",
    # Embeddings
    "GrowingEmbedding", "HashEmbedding", "LexicalTables", "CharEncoder", "KnownVectors",
    "LexiconEmbedding", "Lexicon", "FormBags", "ContextualStrings", "TextPlaces",
    # Pooling and attention
    "POOLINGS", "Pool", "SequencePool", "TextPool", "Pieces", "ATTENTIONS", "Attention",
    # Output layers
    "LinearOutput", "ClassifierOutput", "Maxout", "NgramScores", "WordNgramScores", "Bags", "WordBags", "bag_ngrams",
    # Encoder and decoder
    "Seq2Seq", "Sources", "Targets", "Search", "Decoded", "Decoder", "Memory", "Hypothesis", "beam_search",
    # Language models over characters
    "CharLM", "LMState", "CharVocabulary",
    # Dropout
    "SequenceDropout", "TokenDropout", "UnitDropout", "set_dropout",
]  # fmt: skip
