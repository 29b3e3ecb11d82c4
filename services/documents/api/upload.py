"""Taking a file in: received to a temporary file, checked, stored, and only then written down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import BinaryIO, Final

from fastapi import APIRouter, Request
from pydantic import ValidationError
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.documents.api.frame import CurrentFrame, Frame, SenderScope, answering_for_storage
from services.documents.domain.bindings import Binding
from services.documents.domain.content import FileRefused
from services.documents.handlers import files, objects
from services.documents.handlers.intake import Prepared, workspace
from shared.contracts.codes import DocumentType
from shared.db.sessions import uninterrupted
from shared.db.tenancy import EVERY_AGENCY, Scope
from shared.http.commands import Answer, actor_of, answer
from shared.http.idempotency import IdempotencyKey, Repeatable
from shared.http.problems import Problem

FIELDS_BYTES: Final = 64 * 1024
"""Room for the form's other fields and its separators, beside the file."""

_STATUS: Final = {"file_too_large": 413, "file_type_refused": 415}
_FIELDS: Final = 8

router = APIRouter(tags=["files"])


@asynccontextmanager
async def received_form(request: Request) -> AsyncIterator[FormData]:
    """Receive a multipart form; its file goes to a temporary file beyond 1 MB. The frame limits the whole body.

    Not a dependency: those are resolved before it is known who asks, and a stranger's megabytes are not taken.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem(415, "unsupported_media_type", "A file is sent as multipart/form-data.")
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=1, max_fields=_FIELDS, max_part_size=FIELDS_BYTES
    )
    try:
        form = await parser.parse()
    except (MultiPartException, FormParserError, UnicodeDecodeError, KeyError) as error:
        _close_received(parser)
        raise Problem(400, "malformed", "The form cannot be read as multipart/form-data.") from error
    except BaseException:
        _close_received(parser)
        raise
    try:
        yield form
    finally:
        await form.close()


def _close_received(parser: MultiPartParser) -> None:
    """Close what had come of the file: the parser does it for its own errors only, not for a body that breaks off."""
    for file in parser._files_to_close_on_error:  # noqa: SLF001
        file.close()


@router.post("/files", status_code=201)
async def add(
    request: Request, scope: SenderScope, frame: CurrentFrame, key: IdempotencyKey = None
) -> Answer:
    """Take a file in: fields `file`, `binding` (JSON) and optional `type`."""
    async with received_form(request) as form:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise Problem(422, "schema", "file: A file is needed.", field="file")
        with closing(workspace()) as target:
            return await _added(
                frame, scope, key, upload.filename or "", upload.file, target, _binding(form), _type(form)
            )


async def _added(
    frame: Frame,
    scope: Scope,
    key: str | None,
    name: str,
    source: BinaryIO,
    target: BinaryIO,
    asked: Binding,
    type: DocumentType,
) -> Answer:
    limit = frame.settings.documents_max_files_per_subject
    async with frame.database.read(EVERY_AGENCY) as session:
        binding = await files.check_binding(session, scope=scope, binding=asked, max_files=limit)
    try:
        prepared = await frame.intake.prepare(source, target)
    except FileRefused as error:
        raise Problem(_STATUS.get(error.code, 422), error.code, error.detail, field=error.field) from error
    request = f"{prepared.content.sha256} {asked.model_dump_json()} {type.value}"
    repeatable = Repeatable.of(scope, "add-file", key, request, frame.settings.secret)
    async with frame.database.read(scope) as session:
        before = await repeatable.answered(session)
    if before is not None:
        return before
    return await _stored(frame, scope, repeatable, name, prepared, binding, type)


async def _stored(
    frame: Frame,
    scope: Scope,
    repeatable: Repeatable,
    name: str,
    prepared: Prepared,
    binding: Binding,
    type: DocumentType,
) -> Answer:
    """Store the object, then write the row and its event; whatever fails takes the object back."""
    async with frame.database.write(scope) as session:
        object_key = objects.begin_object(session, agency_id=binding.agency_id, at=frame.clock.now())
    try:
        with answering_for_storage():
            await objects.store_object(frame.store, object_key, prepared)
        at = frame.clock.now()
        async with frame.database.write(scope) as session:
            state = await files.add_document(
                session,
                actor=actor_of(scope),
                at=at,
                binding=binding,
                type=type,
                name=name,
                content=prepared.content,
                object_key=object_key,
            )
            given = answer(state, session)
            await repeatable.keep(session, given, at)
            return given
    except BaseException:
        await uninterrupted(objects.discard_object(frame.store, object_key))
        raise


def _binding(form: FormData) -> Binding:
    given = form.get("binding")
    if not isinstance(given, str):
        raise Problem(422, "schema", "binding: A binding is needed.", field="binding")
    try:
        return Binding.model_validate_json(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(["binding", *(str(part) for part in first["loc"])])
        raise Problem(422, "schema", f"{field}: {first['msg']}", field=field) from error


def _type(form: FormData) -> DocumentType:
    given = form.get("type")
    if given is None or given == "":
        return DocumentType.OTHER
    try:
        return DocumentType(given) if isinstance(given, str) else DocumentType("")
    except ValueError as error:
        raise Problem(422, "schema", "type: This is not a type of document.", field="type") from error
