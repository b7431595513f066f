"""Checks KServe's resources: the containers as those of a pod, and all of it against KServe's own definitions, if given.

usage: verify_deploy.py KSERVE_YAML [FOLDER]
"""

import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml


def strict(schema):
    """The same schema, which refuses unknown keys, as the server of Kubernetes does with --validate=strict."""
    if isinstance(schema, dict):
        if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
        if schema.get("x-kubernetes-int-or-string"):
            schema.pop("type", None)
        for each in schema.values():
            strict(each)
    elif isinstance(schema, list):
        for each in schema:
            strict(each)
    return schema


def check_definition(document, folder):
    plural = document["kind"].lower() + "s"
    definition = yaml.safe_load((folder / f"serving.kserve.io_{plural}.yaml").read_text())
    version = document["apiVersion"].split("/")[1]
    found = [each for each in definition["spec"]["versions"] if each["name"] == version]
    schema = strict(found[0]["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    jsonschema.Draft7Validator(schema).validate(document)
    print(f"{document['kind']}: as KServe's definition {version} has it")


def main():
    documents = list(yaml.safe_load_all(pathlib.Path(sys.argv[1]).read_text()))
    for document in documents:
        if containers := document["spec"].get("containers"):
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": {"containers": containers}}
            kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)
            print(f"{document['kind']}: its containers are valid ones of a pod")
        if len(sys.argv) > 2:
            check_definition(document, pathlib.Path(sys.argv[2]))


main()
