"""With a key nothing needs the sandbox or its server: the product works where neither can load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from segmind_widgets.client import SegmindClient
from segmind_widgets.sandbox import Sandbox
from tests.shells import picture

CODE = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tornado" or name.startswith("segmind_widgets.sandbox"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
from segmind_widgets import SegmindClient

shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "segmind_widgets")
client = SegmindClient.instance()
asset = client.upload(Path(sys.argv[1]))
assert asset.url
size = (1600, 1200)
assert client.run("seedream-4.5", {"prompt": "v2", "image_input": [asset]}).image.size == size
assert client.run("fast-flux-schnell", {"prompt": "v1"}, api="v1").image.size == size
workflow = client.submit_workflow("65c9c7f641c340d7ef2f7134-v1", {"product_prompt": "a shoe"})
assert workflow.result() and workflow.image.size == size
task = client.run("gemini-3-pro-image-preview", {"prompt": "a task"}, provider="apimart")
assert task.image.size == size
batch = client.map("fast-flux-schnell", [{"prompt": "a"}, {"prompt": "b"}]).wait(30)
assert batch.done == 2
assert client.resume(task.id).image.size == size
assert "requests" in task.export("python")
assert client.credits().balance > 0
assert client.models("flux")
shell.run_line_magic("segmind_status", "")
shell.run_cell_magic("segmind_run", "fast-flux-schnell -o fox -q", "a cell").image
shell.run_line_magic("segmind_jobs", "")
shell.run_line_magic("segmind_spend", "")
from segmind_widgets.panels import RunPanel
RunPanel("fast-flux-schnell", client=client).close()
loaded = [name for name in sys.modules if name.startswith(("tornado", "segmind_widgets.sandbox"))]
assert not loaded, loaded
client.close()
print("done")
"""


def test_everything_with_a_key_works_without_the_sandbox_and_tornado(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    del client, sandbox  # their environment has the keys and addresses
    path = tmp_path / "cat.png"
    path.write_bytes(picture())
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(path)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("done\n")
