"""A fixed set of questions with known answers: asking them, judging the answers, and comparing two runs."""

from ops.evaluation import judges
from ops.evaluation.asking import AskingError, ask_all
from ops.evaluation.figures import mcnemar, wilson
from ops.evaluation.questions import KINDS, Question, digest, questions
from ops.evaluation.run import Run, RunError, read_run, write_run

__all__ = [
    "KINDS",
    "AskingError",
    "Question",
    "Run",
    "RunError",
    "ask_all",
    "digest",
    "judges",
    "mcnemar",
    "questions",
    "read_run",
    "wilson",
    "write_run",
]
