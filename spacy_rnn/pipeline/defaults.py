"""Default settings that several components share."""

DEFAULT_EMBED = """
[model.tok2vec.embed]
@architectures = "spacy-rnn.WordFeatures.v1"
vectors = null

[model.tok2vec.embed.words]
@architectures = "spacy-rnn.WordEmbed.v1"

[model.tok2vec.embed.chars]
@architectures = "spacy-rnn.CharEmbed.v1"

[model.tok2vec.embed.lexical]
@architectures = "spacy-rnn.LexEmbed.v1"
"""
