"""The input of the demo: the files of this repository and its git history, where there is one."""
import subprocess
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILT = {".git", ".build", "target", "node_modules", "__pycache__"}


def git(*arguments):
    """What git prints; None without git, or where ROOT is no clone."""
    try:
        done = subprocess.run(["git", "-c", "safe.directory=*", "-c", "core.quotepath=off", "-C", ROOT, *arguments], capture_output=True)
    except FileNotFoundError:
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def read():
    """{path: bytes}, and [(commit, time, subject, paths)] from the oldest on."""
    cloned = git("rev-parse", "--show-prefix") == "\n"
    found = (ROOT / name for name in git("ls-files", "-z").split("\0")) if cloned else ROOT.rglob("*")
    files = {str(f.relative_to(ROOT)): f.read_bytes() for f in found
             if f.is_file() and not f.is_symlink() and not BUILT & set(f.relative_to(ROOT).parts) and f.stat().st_size < 1 << 24}
    commits = []
    for entry in ((cloned and git("log", "--reverse", "--name-only", "--format=%x01%H%x02%ct%x02%s")) or "").split("\x01")[1:]:
        head, *paths = entry.split("\n")
        commit, time, subject = head.split("\x02", 2)
        commits.append((commit, datetime.fromtimestamp(int(time), timezone.utc), subject, [p for p in paths if p]))
    return files, commits


def texts(files, commits, most=2000):
    """[(where, text)]: the subjects of the commits, the newest first, and the paragraphs of the documents."""
    found = {subject: f"commit {commit[:8]}" for commit, _, subject, _ in reversed(commits)}
    for path in sorted(path for path in files if path.endswith(".md")):
        fenced = False
        for paragraph in files[path].decode(errors="replace").split("\n\n"):
            text = " ".join(paragraph.split())
            if not fenced and 60 <= len(text) and not text.startswith(("|", "#", "```")):
                found.setdefault(text[:1000], path)
            fenced ^= paragraph.count("```") % 2 == 1
    return [(where, text) for text, where in found.items()][:most]


def versions(files, commits):
    """(path, bytes) of each file that a commit changed, from the oldest on; without history the files as they are."""
    if not commits:
        return [*files.items()]
    names = [(path, f"{commit}:{path}") for commit, _, _, paths in commits for path in paths]
    read = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, "cat-file", "--batch"], capture_output=True,
                          input="\n".join(name for _, name in names).encode()).stdout
    found, at = [], 0
    for path, _ in names:
        head, at = read[at:read.index(b"\n", at)].split(), read.index(b"\n", at) + 1
        if len(head) == 3:  # one that the commit deleted is "missing"
            size = int(head[2])
            found.append((path, read[at:at + size]))
            at += size + 1
    return found


def sizes(files):
    """{folder or file of the top: its bytes}"""
    tops = {path.split("/")[0] + "/" * ("/" in path) for path in files}
    return {top: sum(len(content) for path, content in files.items() if path.startswith(top)) for top in tops}


def changed_together(commits):
    """How often the second folder changed in a commit that changed the first."""
    folders = [{str(Path(path).parent)[-500:] for path in paths} for *_, paths in commits]
    return Counter((a, b) for changed in folders for a in changed for b in changed if a != b)
