#!/usr/bin/env bash
# What config/Dockerfile and config/kubernetes.yaml promise, as far as that can be told without a container: no key in the image, nobody's
# root, and a secret whose mode, as the example mounts it, closesyncd takes.
set -uo pipefail
cd "${CLOSESYNCD_SOURCE:?}/config" || exit
directory=$(mktemp -d "${TMPDIR:-/tmp}/container.XXXXXX")
trap 'rm -rf "$directory"' EXIT
failures=0

complain() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}

[[ $(grep -c '^FROM ' Dockerfile) == 2 ]] || complain 'the image is not made in two stages'
! grep '^FROM ' Dockerfile | grep -qvE '^FROM debian:12-slim( AS [a-z]+)?$' || complain 'a stage is no Debian 12'
user=$(sed -n 's/^USER //p' Dockerfile | tail -n 1)
[[ $user =~ ^[1-9][0-9]*:[1-9][0-9]*$ ]] || complain "the image runs as \"$user\", which is no number or root"
# shellcheck disable=SC2016
last=$(awk '/^FROM/ { stage++ } stage == 2 && /^(USER|ENTRYPOINT|CMD) / { print $1 }' Dockerfile | tr '\n' ' ')
[[ $last == 'USER ENTRYPOINT CMD ' ]] || complain "after the files come: $last"
! grep -qE '^(ENV|ARG) ' Dockerfile || complain 'the image has an environment, where a key could be'
grep -qx '.git' Dockerfile.dockerignore || complain 'the history of the source goes into the build'

# The example of Kubernetes: python reads it, closesyncd judges its configuration with a key of the mode that the pod will see.
python3 - kubernetes.yaml "$directory" "$user" >"$directory/read" 2>&1 <<'PYTHON' || complain "kubernetes.yaml: $(cat "$directory/read")"
import os, sys, yaml

path, directory, user = sys.argv[1:]
parts = {part["kind"]: part for part in yaml.safe_load_all(open(path))}
pod = parts["Deployment"]["spec"]["template"]["spec"]
container = pod["containers"][0]
context = pod["securityContext"]
assert context["runAsNonRoot"] and "%d:%d" % (context["runAsUser"], context["runAsGroup"]) == user, "another user than the image's"
assert container["securityContext"]["readOnlyRootFilesystem"] and not container["securityContext"]["allowPrivilegeEscalation"]
assert parts["Deployment"]["spec"]["replicas"] == 1 and parts["Deployment"]["spec"]["strategy"]["type"] == "Recreate"
volumes = {volume["name"]: volume for volume in pod["volumes"]}
mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
assert set(volumes) == set(mounts), "what is mounted is not what there is"
secret = volumes["keys"]["secret"]
mode = secret["defaultMode"] | (0o040 if context.get("fsGroup") else 0)  # the kubelet gives the group what the owner may read
text = parts["ConfigMap"]["data"]["closesyncd.conf"]
for name, key in parts["Secret"]["stringData"].items():
    there = os.path.join(mounts["keys"], name)
    assert "api_key_file = " + there in text, there
    here = os.path.join(directory, name)
    with open(here, "w") as file:
        file.write(key + "\n")
    os.chmod(here, mode)
    text = text.replace(there, here)
with open(os.path.join(directory, "closesyncd.conf"), "w") as file:
    file.write(text)
PYTHON
# 69: taken, but there is no such database here; 78: refused.
sed -i 's|^conninfo = host=[^ ]*|conninfo = host=/nonexistent|' "$directory/closesyncd.conf"
judge() { "${CLOSESYNCD_BINARY:?}" -c "$directory/closesyncd.conf" plan >"$directory/judged" 2>&1; echo $?; }
[[ $(judge) == 69 ]] || complain "its configuration is refused: $(cat "$directory/judged")"
chmod 0644 "$directory/acme" # Kubernetes' default
[[ $(judge) == 78 ]] || complain 'a key that all can read is taken'
exit $((failures > 0))
