"""Metadata components out of an SFDX source folder or a zip in metadata format."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from sandbox.errors import SandboxError

NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
MAX_UNZIPPED = 400 * 1024 * 1024  # what Salesforce unpacks at most

# file suffix in source format -> metadata type; the ones in metadata format are the same without `-meta.xml`
_TYPES = {
    "object": "CustomObject",
    "field": "CustomField",
    "listView": "ListView",
    "compactLayout": "CompactLayout",
    "permissionset": "PermissionSet",
    "layout": "Layout",
    "tab": "CustomTab",
}
_PARTS = {"fields": "CustomField", "listViews": "ListView", "compactLayouts": "CompactLayout"}


@dataclass(frozen=True)
class Component:
    """One piece of metadata. `problem` says why its file could not be read; the element is then empty."""

    type: str
    full_name: str
    file_name: str
    element: ElementTree.Element
    problem: str = ""

    @property
    def object_name(self) -> str:
        """The object that a field, list view, compact layout or layout belongs to."""
        return self.full_name.partition("-" if self.type == "Layout" else ".")[0]

    def text(self, tag: str) -> str | None:
        """The text of a direct child, None if it is absent or empty."""
        found = self.element.findtext(NAMESPACE + tag)
        return found.strip() or None if found else None


@dataclass(frozen=True)
class Package:
    """Components to deploy, and what package.xml names without there being a file for it."""

    components: tuple[Component, ...]
    missing: tuple[tuple[str, str], ...] = ()


def read_source_folder(folder: Path) -> Package:
    """Components of an SFDX source folder.

    Raises
    ------
    SandboxError
        If there is no such folder or no metadata file in it.
    """
    paths = sorted(folder.rglob("*-meta.xml")) if folder.is_dir() else []
    if not paths:
        raise SandboxError(f"{folder}: no file named *-meta.xml. Expected an SFDX source folder such as force-app.")
    components = []
    for path in paths:
        name, _, suffix = path.name.removesuffix("-meta.xml").rpartition(".")
        kind = _TYPES.get(suffix, suffix)
        if kind in ("CustomField", "ListView", "CompactLayout"):
            name = f"{path.parent.parent.name}.{name}"
        components.append(_component(kind, name, str(path.relative_to(folder)), path.read_bytes()))
    return Package(tuple(components))


def read_zip(data: bytes) -> Package:
    """Components of a zip in metadata format.

    Raises
    ------
    SandboxError
        If it is no readable zip or holds no package.xml.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > MAX_UNZIPPED:
                raise SandboxError(f"The zip unpacks to more than {MAX_UNZIPPED} bytes.")
            files = {item.filename: archive.read(item) for item in archive.infolist() if not item.is_dir()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise SandboxError(f"The deployment is not a readable zip: {error}") from None
    roots = sorted((name for name in files if name.rpartition("/")[2] == "package.xml"), key=len)
    if not roots:
        raise SandboxError("No package.xml found in the zip.")
    root = roots[0].removesuffix("package.xml")
    components = [
        component
        for name, content in sorted(files.items())
        if name != roots[0]
        for component in _from_metadata_file(name.removeprefix(root), content)
    ]
    named = set(_members(files[roots[0]]))
    present = {(each.type, each.full_name) for each in components}
    return Package(tuple(components), tuple(sorted(named - present)))


def _from_metadata_file(name: str, content: bytes) -> Iterator[Component]:
    stem, _, suffix = name.removesuffix("-meta.xml").rpartition(".")
    full_name = stem.rpartition("/")[2]
    component = _component(_TYPES.get(suffix, suffix), full_name, name, content)
    if component.type == "CustomObject":
        for child in component.element:
            kind = _PARTS.get(child.tag.removeprefix(NAMESPACE))
            if kind:
                part_name = (child.findtext(f"{NAMESPACE}fullName") or "").strip()
                yield Component(kind, f"{full_name}.{part_name}", name, child)
        is_bare = all(child.tag.removeprefix(NAMESPACE) in _PARTS for child in component.element)
        if is_bare and not component.problem:
            return  # a container for fields of an object that is there already
    yield component


def _component(kind: str, full_name: str, file_name: str, content: bytes) -> Component:
    nothing = ElementTree.Element("nothing")
    if b"<!DOCTYPE" in content:
        return Component(kind, full_name, file_name, nothing, "a document type declaration is not allowed")
    try:
        element = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        return Component(kind, full_name, file_name, nothing, f"Error parsing file: {error}")
    expected = kind if kind in _TYPES.values() else None
    if expected is None:
        return Component(
            kind, full_name, file_name, element, f"metadata of this kind is not implemented by this emulator: {kind}"
        )
    if element.tag != NAMESPACE + expected:
        return Component(
            kind, full_name, file_name, nothing, f"Element {element.tag} found where {expected} was expected"
        )
    return Component(kind, full_name, file_name, element)


def _members(content: bytes) -> Iterator[tuple[str, str]]:
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise SandboxError(f"package.xml: {error}") from None
    for group in root.findall(f"{NAMESPACE}types"):
        kind = (group.findtext(f"{NAMESPACE}name") or "").strip()
        for member in group.findall(f"{NAMESPACE}members"):
            name = (member.text or "").strip()
            if (
                name
                and name != "*"
                and kind in _TYPES.values()
                and not (kind == "CustomObject" and not name.endswith("__c"))
            ):
                yield kind, name
