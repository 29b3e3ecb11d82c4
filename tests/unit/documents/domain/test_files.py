from datetime import UTC, datetime, timedelta

import pytest

from services.documents.domain import files
from services.documents.domain.bindings import Binding
from services.documents.domain.files import Content
from shared.contracts.codes import DocumentType
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import Actor
from shared.errors import Conflict

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def document() -> DocumentState:
    return files.added(
        "doc-1",
        Binding(agency_id="agency", claim_number="CL-1"),
        Content("image/jpeg", 10, "ab", 3, 2),
        name="photo.jpg",
        type=DocumentType.OTHER,
        actor=Actor(kind="user", id="u"),
        at=NOW,
    )


def test_a_new_file_is_there_in_its_first_version() -> None:
    state = document()
    assert (state.sequence, state.removed, state.width, state.height) == (1, False, 3, 2)


def test_a_removed_file_can_be_taken_back() -> None:
    gone = files.removed(document(), LATER)
    assert (gone.removed, gone.sequence, gone.updated_at) == (True, 2, LATER)
    assert files.restored(gone, LATER).removed is False


def test_a_file_is_removed_or_taken_back_once() -> None:
    with pytest.raises(Conflict, match="file_not_removed"):
        files.restored(document(), LATER)
    with pytest.raises(Conflict, match="file_removed"):
        files.removed(files.removed(document(), LATER), LATER)


def test_a_file_gets_another_type_once() -> None:
    typed = files.retyped(document(), DocumentType.DAMAGE_PHOTO, LATER)
    assert (typed.type, typed.sequence) == (DocumentType.DAMAGE_PHOTO, 2)
    assert files.retyped(typed, DocumentType.DAMAGE_PHOTO, LATER) is typed


def test_a_removed_file_gets_no_other_type() -> None:
    with pytest.raises(Conflict, match="file_removed"):
        files.retyped(files.removed(document(), LATER), DocumentType.DAMAGE_PHOTO, LATER)
