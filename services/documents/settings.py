"""Settings of the documents service."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Settings

SERVICE = "documents"


class DocumentsSettings(Settings):
    """Limits of what may be uploaded."""

    documents_max_file_bytes: int = Field(
        25 * 1024 * 1024, ge=1024, description="Largest file that may be uploaded, in bytes."
    )
    documents_max_image_pixels: int = Field(
        50_000_000,
        ge=10_000,
        description="Largest picture, in pixels: a small file can unpack into gigabytes.",
    )
    documents_max_files_per_subject: int = Field(
        500, ge=1, description="Files that one claim, contract or client may have."
    )
