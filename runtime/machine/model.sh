#!/bin/bash
# Fetches the model that the folder `model` describes, and checks all of it.
#
# files.sha256 names what is fetched. What git.txt names, if anything, comes out of git, whose commit id covers it.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
described=$(readlink -f "$here/../../model")
model=/var/lib/inference/model
# shellcheck source=/dev/null
source "$described/source.env"

mkdir -p "$model"
if [ -s "$described/git.txt" ]; then
    dnf install --quiet --assumeyes git
    history=$(mktemp -d)
    trap 'rm -rf "$history"' EXIT
    export GIT_LFS_SKIP_SMUDGE=1
    git clone --quiet --no-checkout "$SOURCE" "$history"
    git -C "$history" checkout --quiet --detach "$COMMIT"
    while read -r file; do
        cp "$history/$file" "$model"
    done < "$described/git.txt"
fi
while read -r _ file; do
    if [[ $SOURCE == s3://* ]]; then
        aws s3 cp --only-show-errors "$SOURCE/$file" "$model/$file"
    else
        curl --fail --location --silent --show-error --retry 5 --retry-all-errors \
            --output "$model/$file" "$SOURCE/resolve/$COMMIT/$file"
    fi
done < "$described/files.sha256"
cd "$model"
sha256sum --strict --check "$described/files.sha256"
if [ -e "$described/chat_template.jinja" ]; then
    cp "$described/chat_template.jinja" .
fi
chmod -R a+rX "$model"
