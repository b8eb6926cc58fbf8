from __future__ import annotations

import subprocess
import sys


def test_ctrl_c_while_the_program_is_still_imported_is_one_line_and_130() -> None:
    early = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs ignore it
        "class Impatient:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'controller.cli':\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "from controller.entry import main\n"
        "sys.meta_path.insert(0, Impatient())\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", early], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "limber: interrupted\n")
