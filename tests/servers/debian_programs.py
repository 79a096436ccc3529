"""Command lines for programs of this machine's Debian, and of later releases that tests/install.sh has unpacked."""

from pathlib import Path

_UNPACKED = Path(__file__).resolve().parent.parent / "clients" / ".debian"


def program_command(name: str, release: str | None = None) -> list[str]:
    """The beginning of a command line. None: the program that is installed here.

    A program of another release runs with that release's own loader and libraries, and needs no chroot.
    """
    if release is None:
        return [name]
    usr = _UNPACKED / release / "usr"
    [libraries] = (usr / "lib").glob("*-linux-gnu")
    [loader] = libraries.glob("ld-linux*.so.*")
    return [str(loader), "--library-path", f"{libraries}:{libraries}/libproxy", str(usr / "bin" / name)]
