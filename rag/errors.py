"""What can go wrong in retrieval; every error says whether to try again and which HTTP status it is."""


class RagError(Exception):
    """The root. `code` is stable and stands in APIs; the message is for the person who uploaded or asked."""

    code = "rag_error"
    retryable = False
    http_status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnsupportedFormatError(RagError):
    """No extractor reads files with this name."""

    code = "unsupported_format"
    http_status = 415


class ContentMismatchError(RagError):
    """The bytes are not what the file's name says."""

    code = "content_mismatch"
    http_status = 415


class DocumentTooLargeError(RagError):
    """The document has more text than one document may have."""

    code = "document_too_large"
    http_status = 413


class DocumentError(RagError):
    """The file has the right type but cannot be used; its owner has to change it."""

    code = "document_unusable"
    http_status = 422


class EmptyDocumentError(DocumentError):
    """There is no text in the document."""

    code = "empty_document"


class NoTextLayerError(DocumentError):
    """The pages are pictures of text."""

    code = "no_text_layer"


class EncryptedDocumentError(DocumentError):
    """The document opens only with a password."""

    code = "encrypted_document"


class MalformedDocumentError(DocumentError):
    """The document is broken."""

    code = "malformed_document"


class ParserCrashedError(DocumentError):
    """The parser died or ran out of memory; it had a process of its own, so nothing else did."""

    code = "parser_crashed"


class ExtractionTimeoutError(DocumentError):
    """The parser was stopped after its time limit. On a busy machine a second try can succeed."""

    code = "extraction_timeout"
    retryable = True


class EmbeddingMismatchError(RagError):
    """Vectors do not fit the texts or the vectors that are already stored."""

    code = "embedding_mismatch"
    http_status = 409


class DocumentNotFoundError(RagError):
    """The document is not in the store, or not in this scope."""

    code = "document_not_found"
    http_status = 404


class ChunkNotFoundError(RagError):
    """The chunk is not in the document."""

    code = "chunk_not_found"
    http_status = 404


class IncompleteRevisionError(RagError):
    """A revision was to be published before all of its chunks were staged."""

    code = "incomplete_revision"
    retryable = True
    http_status = 409


class InvalidQueryError(RagError):
    """The query cannot be answered as it stands."""

    code = "invalid_query"
    http_status = 422


class InvalidSettingsError(RagError):
    """Settings of a dataset contradict each other."""

    code = "invalid_settings"
    http_status = 422


class ModeNotAvailableError(RagError):
    """The search mode is known but not built yet."""

    code = "mode_not_available"
    http_status = 422


def error_from_code(code: str, message: str) -> RagError:
    """Rebuild the error that another process reported as `code` and `message`."""
    pending: list[type[RagError]] = [RagError]
    while pending:
        kind = pending.pop()
        if kind.code == code:
            return kind(message)
        pending.extend(kind.__subclasses__())
    return ParserCrashedError(f"the parser failed with an unknown error {code!r}: {message}")
