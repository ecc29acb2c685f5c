"""Attachments: stored once by hash, typed by their bytes, erased when their time is over."""

import datetime as dt
import hashlib
import io
import zipfile

import pytest

from contado.kernel import records
from contado.kernel.errors import Damaged, DataError, RecordNotFound
from contado.kernel.records import documents, erasure

PDF = b"%PDF-1.7\n%..."


def zipped(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.text" if name == "mimetype" else "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (
            zipped("[Content_Types].xml", "word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (zipped("mimetype", "content.xml"), "application/vnd.oasis.opendocument.text"),
        (zipped("a.txt"), "application/zip"),
        (b"0\x82\x01\x00\x06\x09", "application/pkcs7-mime"),
        (b'{"a": 1}', "application/json"),
        (b"<?xml version='1.0'?><a/>", "application/xml"),
        ("perché".encode(), "text/plain"),
        (b"MZ\x90\x00\x03", None),
        (b"\x7fELF\x02\x01\x01\x00", None),
        (b"<!DOCTYPE html><script>", None),
        (b"  <script>alert(1)</script>", None),
        (b"<?xml version='1.0'?><svg onload='x'/>", None),
        (b"caf\xe9", None),
    ],
)
def test_the_bytes_say_what_they_are(data, mime):
    assert documents.sniff(data) == mime


def test_the_same_bytes_are_stored_once_under_their_hash(store, admin):
    with store.writing(admin) as session:
        first = documents.add(session, PDF, unit_id="015146", name="a.pdf")
        second = documents.add(session, PDF, unit_id="015182", name="b.pdf", visibility="public")
    digest = hashlib.sha256(PDF).hexdigest()
    assert first.sha256 == second.sha256 == digest
    files = [p.relative_to(store.files).as_posix() for p in store.files.rglob("*") if p.is_file()]
    assert files == [f"{digest[:2]}/{digest[2:]}"]
    with store.reading(admin) as session:
        assert documents.content(session, documents.get(session, first.id)) == PDF


@pytest.mark.parametrize(("data", "rule"), [(b"", "bad_size"), (b"MZ\x90\x00", "bad_type")])
def test_what_is_not_taken_in_leaves_nothing(store, admin, data, rule):
    with pytest.raises(DataError) as caught, store.writing(admin) as session:
        documents.add(session, data, unit_id="015146")
    assert caught.value.rule == rule
    assert not store.files.exists()


def test_of_some_attachments_those_within_the_scope_are_found(store, admin):
    with store.writing(admin) as session:
        hidden = documents.add(session, PDF, unit_id="015146")
        shown = documents.add(session, PDF, unit_id="015146", visibility="public")
        erased = documents.add(session, PDF, unit_id="015146", visibility="public")
        documents.erase(session, erased)
        ids = [hidden.id, shown.id, erased.id, "nothing"]
        assert set(documents.among(session, ids)) == {hidden.id, shown.id}
    with store.reading(records.Scope.visitor()) as session:
        assert set(documents.among(session, ids)) == {shown.id}
        assert documents.among(session, []) == {}


def test_a_large_file_is_refused(store, admin, monkeypatch):
    monkeypatch.setattr(documents, "MAX_BYTES", 10)
    with pytest.raises(DataError, match="bytes"), store.writing(admin) as session:
        documents.add(session, PDF, unit_id="015146")


def test_an_altered_file_is_noticed(store, admin):
    with store.writing(admin) as session:
        document = documents.add(session, PDF, unit_id="015146")
    documents.path_of(store.files, document.sha256).write_bytes(b"%PDF-2")
    with pytest.raises(Damaged), store.reading(admin) as session:
        documents.content(session, document)
    with pytest.raises(Damaged):
        documents.path_of(store.files, "../../etc/passwd")


def test_retention_erases_what_is_over_and_keeps_shared_bytes(store, admin, verdict):
    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(2)
    with store.writing(admin) as session:
        over = documents.add(session, PDF, unit_id="015146", name="x", retention_until=yesterday)
        kept = documents.add(session, PDF, unit_id="015146")
        alone = documents.add(session, b"only here", unit_id="015146", retention_until=yesterday)
    with store.writing(records.Scope.system("retention")) as session:
        assert erasure.apply_retention(session).documents == 2
    assert documents.path_of(store.files, kept.sha256).is_file()
    assert not documents.path_of(store.files, alone.sha256).exists()
    with store.reading(admin) as session:
        assert documents.content(session, documents.get(session, kept.id)) == PDF
        with pytest.raises(RecordNotFound):
            documents.get(session, over.id)
    assert verdict().ok
