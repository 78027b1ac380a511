#!/bin/bash
# Fetches the model at one revision and checks all of it.
#
# The small files come out of git, whose commit id covers their content. model.sha256 names the others, and what a
# client of the model depends on.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
repository=https://huggingface.co/microsoft/Phi-3-mini-4k-instruct
revision=f39ac1d28e925b323eae81227eaba4464caced4e
model=/var/lib/inference/model

dnf install --quiet --assumeyes git
history=$(mktemp -d)
trap 'rm -rf "$history"' EXIT
export GIT_LFS_SKIP_SMUDGE=1
git clone --quiet --no-checkout "$repository" "$history"
git -C "$history" checkout --quiet --detach "$revision"

mkdir -p "$model"
cp "$history"/{config,generation_config,added_tokens,model.safetensors.index}.json "$model"
while read -r _ file; do
    curl --fail --location --silent --show-error --retry 5 --retry-all-errors \
        --output "$model/$file" "$repository/resolve/$revision/$file"
done < "$here/model.sha256"
cd "$model"
sha256sum --strict --check "$here/model.sha256"
chmod -R a+rX "$model"
