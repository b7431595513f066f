"""Runs notebooks/beside_keras.ipynb, checks what it printed, and prints its table. See scripts/beside-keras.

Usage: beside_keras.py NOTEBOOK [OUT]
"""

import re
import sys

import nbclient
import nbformat


def main() -> None:
    notebook = nbformat.read(sys.argv[1], as_version=4)
    nbclient.NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
    text = "".join(
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stdout"
    )
    accuracies = [float(value) for value in re.findall(r"test accuracy (0\.\d+)$", text, re.MULTILINE)]
    assert len(accuracies) == 6, text
    assert min(accuracies) > 0.965, accuracies
    keras, digitry = sum(accuracies[:3]) / 3, sum(accuracies[3:]) / 3
    assert abs(keras - digitry) < 0.005, (keras, digitry)
    print(text)
    if len(sys.argv) > 2:
        nbformat.write(notebook, sys.argv[2])


if __name__ == "__main__":
    main()
