#!/usr/bin/env -S python3 -m pytest
"""The memory tool gives the answers of its reference implementation: the cases of that one's tests, and random commands against a model of it."""

import json
import random

import psycopg
from lib import A, B, SOAK, app, equal, one, rows, test

ROUNDS = 4000 if SOAK else 400
ABSENT = "The path {} does not exist. Please provide a valid path."
# Commands with their answers, or with those of errors, and the files at the end.
CASES = {
    "create": ([("create", dict(path="/memories/test_file.txt", file_text="Hello, World!"), "File created successfully at: /memories/test_file.txt")],
               {"test_file.txt": "Hello, World!"}),
    "create in directories that are not there": ([("create", dict(path="/memories/deep/nested/file.txt", file_text="Nested file"), "File created successfully at: /memories/deep/nested/file.txt")],
                                                 {"deep/nested/file.txt": "Nested file"}),
    "create what is there": ([("create", dict(path="/memories/existing.txt", file_text="Original"), None),
                              ("create", dict(path="/memories/existing.txt", file_text="New"), "File /memories/existing.txt already exists")], {"existing.txt": "Original"}),
    "view a file": ([("create", dict(path="/memories/v.txt", file_text="Line 1\nLine 2\nLine 3"), None),
                     ("view", dict(path="/memories/v.txt"), "Here's the content of /memories/v.txt with line numbers:\n     1\tLine 1\n     2\tLine 2\n     3\tLine 3")], None),
    "view some lines": ([("create", dict(path="/memories/r.txt", file_text="Line 1\nLine 2\nLine 3\nLine 4\nLine 5"), None),
                         ("view", dict(path="/memories/r.txt", view_range=[2, 4]), "Here's the content of /memories/r.txt with line numbers:\n     2\tLine 2\n     3\tLine 3\n     4\tLine 4")], None),
    "view a directory": ([("create", dict(path="/memories/dir/file1.txt", file_text="File 1"), None), ("create", dict(path="/memories/dir/file2.txt", file_text="File 2"), None),
                          ("view", dict(path="/memories/dir"), "Here're the files and directories up to 2 levels deep in /memories/dir, excluding hidden items:\n"
                                                               "12B\t/memories/dir\n6B\t/memories/dir/file1.txt\n6B\t/memories/dir/file2.txt")], None),
    "view what is not there": ([("view", dict(path="/memories/none.txt"), ABSENT.format("/memories/none.txt"))], {}),
    "view too many lines": ([("create", dict(path="/memories/huge.txt", file_text="line\n" * 999_999 + "line"), None),
                             ("view", dict(path="/memories/huge.txt"), "File /memories/huge.txt exceeds maximum line limit of 999,999 lines.")], None),
    "str_replace": ([("create", dict(path="/memories/s.txt", file_text="Line 1\nOld Text\nLine 3"), None),
                     ("str_replace", dict(path="/memories/s.txt", old_str="Old Text", new_str="New Text"),
                      "The memory file has been edited. Here is the snippet showing the change (with line numbers):\n     1\tLine 1\n     2\tNew Text\n     3\tLine 3")],
                    {"s.txt": "Line 1\nNew Text\nLine 3"}),
    "str_replace of nothing": ([("create", dict(path="/memories/s.txt", file_text="Hello, World!"), None),
                                ("str_replace", dict(path="/memories/s.txt", old_str="NotFound", new_str="Python"),
                                 "No replacement was performed, old_str `NotFound` did not appear verbatim in /memories/s.txt.")], {"s.txt": "Hello, World!"}),
    "str_replace of several": ([("create", dict(path="/memories/s.txt", file_text="Hello\nMiddle\nHello"), None),
                                ("str_replace", dict(path="/memories/s.txt", old_str="Hello", new_str="Hi"),
                                 "No replacement was performed. Multiple occurrences of old_str `Hello` in lines: 1, 3. Please ensure it is unique")], {"s.txt": "Hello\nMiddle\nHello"}),
    "str_replace in no file": ([("str_replace", dict(path="/memories/none.txt", old_str="old", new_str="new"), ABSENT.format("/memories/none.txt"))], {}),
    "insert": ([("create", dict(path="/memories/i.txt", file_text="Line 1\nLine 2"), None),
                ("insert", dict(path="/memories/i.txt", insert_line=1, insert_text="Inserted Line"), "The file /memories/i.txt has been edited.")], {"i.txt": "Line 1\nInserted Line\nLine 2\n"}),
    "insert at the beginning": ([("create", dict(path="/memories/i.txt", file_text="Line 1\nLine 2"), None), ("insert", dict(path="/memories/i.txt", insert_line=0, insert_text="First Line"), None)],
                                {"i.txt": "First Line\nLine 1\nLine 2\n"}),
    "insert at the end": ([("create", dict(path="/memories/i.txt", file_text="Line 1\nLine 2"), None), ("insert", dict(path="/memories/i.txt", insert_line=2, insert_text="Last Line"), None)],
                          {"i.txt": "Line 1\nLine 2\nLast Line\n"}),
    "insert in no file": ([("insert", dict(path="/memories/none.txt", insert_line=0, insert_text="text"), ABSENT.format("/memories/none.txt"))], {}),
    "insert beyond the end": ([("create", dict(path="/memories/i.txt", file_text="Line 1\nLine 2"), None),
                               ("insert", dict(path="/memories/i.txt", insert_line=10, insert_text="text"), "Invalid `insert_line` parameter: 10. It should be within the range [0, 2].")],
                              {"i.txt": "Line 1\nLine 2"}),
    "delete": ([("create", dict(path="/memories/d.txt", file_text="To be deleted"), None), ("delete", dict(path="/memories/d.txt"), "Successfully deleted /memories/d.txt")], {}),
    "delete a directory": ([("create", dict(path="/memories/sub/file.txt", file_text="Content"), None), ("delete", dict(path="/memories/sub"), "Successfully deleted /memories/sub")], {}),
    "delete what is not there": ([("delete", dict(path="/memories/none.txt"), "The path /memories/none.txt does not exist")], {}),
    "delete all": ([("create", dict(path="/memories/kept", file_text=""), None), ("delete", dict(path="/memories"), "Cannot delete the /memories directory itself")], {"kept": ""}),
    "rename": ([("create", dict(path="/memories/old.txt", file_text="Original content"), None),
                ("rename", dict(old_path="/memories/old.txt", new_path="/memories/new.txt"), "Successfully renamed /memories/old.txt to /memories/new.txt")], {"new.txt": "Original content"}),
    "rename into a directory that is not there": ([("create", dict(path="/memories/file.txt", file_text="Content"), None),
                                                   ("rename", dict(old_path="/memories/file.txt", new_path="/memories/nested/dir/file.txt"),
                                                    "Successfully renamed /memories/file.txt to /memories/nested/dir/file.txt")], {"nested/dir/file.txt": "Content"}),
    "rename what is not there": ([("rename", dict(old_path="/memories/none.txt", new_path="/memories/new.txt"), "The path /memories/none.txt does not exist")], {}),
    "rename to what is there": ([("create", dict(path="/memories/file1.txt", file_text="File 1"), None), ("create", dict(path="/memories/file2.txt", file_text="File 2"), None),
                                 ("rename", dict(old_path="/memories/file1.txt", new_path="/memories/file2.txt"), "The destination /memories/file2.txt already exists")],
                                {"file1.txt": "File 1", "file2.txt": "File 2"}),
    "a path elsewhere": ([("create", dict(path="/invalid/path.txt", file_text="Invalid"), "Path must start with /memories, got: /invalid/path.txt")], {}),
    "a path that leads out": ([("create", dict(path="/memories/../../../etc/passwd", file_text="Escape attempt"), "Path /memories/../../../etc/passwd would escape /memories directory")], {}),
}


def run(connection, command):
    """The answer, or the message of the error."""
    try:
        return one(connection, "SELECT llmspell.memory_tool(%s)", [json.dumps(command)])
    except psycopg.Error as error:
        return error.diag.message_primary


def files(connection):
    return {"/".join([*namespace[1:], key]): value["text"] for namespace, key, value in rows(connection, "SELECT namespace, key, value FROM llmspell.item_list('{memories}', max_rows => 1000)")}


@test
def cases_of_the_reference():
    """each case of the reference implementation's tests: the same commands, the same answers, the same files afterwards"""
    with app(A) as connection, app(B) as other:
        run(other, {"command": "create", "path": "/memories/of-another", "file_text": "x"})
        for name, (commands, wanted) in CASES.items():
            connection.execute("SELECT llmspell.namespace_delete('{memories}')")
            for command, arguments, answer in commands:
                found = run(connection, {"command": command, **arguments})
                if answer is not None:
                    equal(found, answer, name)
            if wanted is not None:
                equal(files(connection), wanted, name)
        equal(files(other), {"of-another": "x"})


class Model:
    """The reference implementation, over a dict; a directory is there while a file is in it."""

    def __init__(self):
        self.files = {}

    def is_directory(self, path):
        return path == "/memories" or any(name.startswith(path + "/") for name in self.files)

    def run(self, command, path=None, **given):
        return getattr(self, command)(path, **given)

    def absent(self, path):
        if path not in self.files:
            return f"The path {path} is not a file." if self.is_directory(path) else ABSENT.format(path)

    def view(self, path, view_range=None):
        if self.is_directory(path):
            sizes = {}
            for name, text in self.files.items():
                parts = name.removeprefix(path + "/").split("/") if name.startswith(path + "/") else []
                for depth in range(min(len(parts), 2) + 1 if parts else 0):
                    if not any(part.startswith(".") for part in parts[:depth]):
                        name = "/".join(["", *parts[:depth]]) + ("/" if 0 < depth < len(parts) else "")
                        sizes[name] = sizes.get(name, 0) + len(text.encode())  # of a directory all that is in it
            shown = sorted(sizes.items() or [("", 0)], key=lambda entry: entry[0].split("/"))
            return (f"Here're the files and directories up to 2 levels deep in {path}, excluding hidden items:\n" + "\n".join(f"{size}B\t{path}{name}" for name, size in shown))
        if path not in self.files:
            return ABSENT.format(path)
        lines = self.files[path].split("\n")
        first, last = (max(1, view_range[0]), len(lines) if view_range[1] == -1 else view_range[1]) if view_range else (1, len(lines))
        return f"Here's the content of {path} with line numbers:\n" + "\n".join(f"{n:6}\t{line}" for n, line in enumerate(lines[first - 1:last], first))

    def create(self, path, file_text):
        if path in self.files or self.is_directory(path):
            return f"File {path} already exists"
        self.files[path] = file_text
        return f"File created successfully at: {path}"

    def str_replace(self, path, old_str, new_str):
        if refused := self.absent(path):
            return refused
        text = self.files[path]
        places = [n for n in range(len(text)) if text.startswith(old_str, n)]
        if not places:
            return f"No replacement was performed, old_str `{old_str}` did not appear verbatim in {path}."
        if text.count(old_str) > 1:
            lines = ", ".join(str(text.count("\n", 0, n) + 1) for n in places)
            return f"No replacement was performed. Multiple occurrences of old_str `{old_str}` in lines: {lines}. Please ensure it is unique"
        changed = text.count("\n", 0, places[0])
        self.files[path] = text.replace(old_str, new_str)
        lines = list(enumerate(self.files[path].split("\n"), 1))[max(0, changed - 2):changed + 3]
        return "The memory file has been edited. Here is the snippet showing the change (with line numbers):\n" + "\n".join(f"{n:6}\t{line}" for n, line in lines)

    def insert(self, path, insert_line, insert_text):
        if refused := self.absent(path):
            return refused
        # The reference takes other separators for ends of lines, too, here alone, and loses them.
        lines = self.files[path].removesuffix("\n").split("\n") if self.files[path] else []
        if not 0 <= insert_line <= len(lines):
            return f"Invalid `insert_line` parameter: {insert_line}. It should be within the range [0, {len(lines)}]."
        lines.insert(insert_line, insert_text.rstrip("\n"))
        text = "\n".join(lines)
        self.files[path] = text if text.endswith("\n") else text + "\n"
        return f"The file {path} has been edited."

    def delete(self, path):
        if path == "/memories":
            return "Cannot delete the /memories directory itself"
        gone = [name for name in self.files if name == path or name.startswith(path + "/")]
        for name in gone:
            del self.files[name]
        return f"Successfully deleted {path}" if gone else f"The path {path} does not exist"

    def rename(self, _, old_path, new_path):
        if new_path in self.files or self.is_directory(new_path):
            return f"The destination {new_path} already exists"
        moved = [name for name in self.files if name == old_path or name.startswith(old_path + "/")]
        if not moved:
            return f"The path {old_path} does not exist"
        for name in moved:
            self.files[new_path + name.removeprefix(old_path)] = self.files.pop(name)
        return f"Successfully renamed {old_path} to {new_path}"


def below_a_file(model, path):
    """Whether a file stands where the path needs a directory; the reference fails there with an error of the operating system."""
    parts = path.split("/")
    return any("/".join(parts[:n]) in model.files for n in range(1, len(parts)))


@test
def random_commands():
    """random commands over a few paths and texts: answers and files are those of the model, after each of them"""
    seed = random.randrange(10**9)
    choose = random.Random(seed)
    paths = ["/memories", *(f"/memories/{name}" for name in ("a", "b", "a/x", "a/y/z", "dir/é.txt", "dir/.hidden", "dir/in/deep/er"))]
    text = lambda: "".join(choose.choice(["one", "two", "é", "\n", "\n", " ", "\t", "a", "\r\n", "\r", "\x0c", "\u2028", "\x85", "\x1c"]) for _ in range(choose.randrange(9)))
    model, counts = Model(), {}
    with app("random") as connection:
        for n in range(ROUNDS):
            path = choose.choice(paths)
            command = choose.choice(["view", "view", "create", "create", "str_replace", "insert", "delete", "rename"])
            given = {"view": lambda: choose.choice([{}, {"view_range": [choose.randrange(-1, 6), choose.choice([-1, 0, 1, 3, 9])]}]), "create": lambda: {"file_text": text()},
                     "str_replace": lambda: {"old_str": choose.choice(["one", "two", "é\n", "a", "\n"]), "new_str": text()},
                     "insert": lambda: {"insert_line": choose.randrange(-1, 6), "insert_text": text()}, "delete": dict,
                     "rename": lambda: {"old_path": path, "new_path": choose.choice(paths)}}[command]()
            target = given.get("new_path", path)
            if below_a_file(model, path) or below_a_file(model, target) or (command == "rename" and (path == "/memories" or target.startswith(path + "/"))):
                continue
            asked = {"command": command, **({} if command == "rename" else {"path": path}), **given}
            wanted = model.run(**asked)
            equal(run(connection, asked), wanted, f"seed {seed}, {asked}")
            equal(files(connection), {name.removeprefix("/memories/"): body for name, body in model.files.items()}, f"seed {seed}, after {asked}")
            counts[command] = counts.get(command, 0) + (wanted.split()[0] in ("Here's", "Here're", "File", "The", "Successfully"))
    equal(sorted(counts), ["create", "delete", "insert", "rename", "str_replace", "view"])
