"""What the machine image's scripts have to know about a model, in files that a shell can read."""

import json

from inference_constructs.host import Model

TRIAL_TOKENS = 8


def model_description(model: Model) -> dict[str, str]:
    """Return the files, by name.

    `source.env` says where the weights are; `files.sha256` which files are fetched and checked; `git.txt` which come
    out of git instead, whose commit id covers their content; `trial.json` and `answer.txt` what a trial asks, and what
    it must be told; `chat_template.jinja`, where there is one, is what chats go through, in place of the model's own.
    """
    question = {"model": model.name, "prompt": model.trial.prompt, "max_tokens": TRIAL_TOKENS, "temperature": 0}
    checked = [f"{file.sha256}  {file.name}\n" for file in model.files if file.sha256]
    described = {
        "source.env": f"SOURCE='{model.source}'\nCOMMIT='{model.commit or ''}'\n",
        "files.sha256": "".join(checked),
        "git.txt": "".join(f"{file.name}\n" for file in model.files if not file.sha256),
        "trial.json": json.dumps(question),
        "answer.txt": f"{model.trial.answer}\n",
    }
    if model.chat_template is not None:
        described["chat_template.jinja"] = model.chat_template
    return described
