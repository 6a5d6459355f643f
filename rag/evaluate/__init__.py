"""How good searches are: questions with known answers, asked and measured."""

from rag.evaluate.measures import Case, CaseResult, Measures, Search, evaluate
from rag.evaluate.writing import write_cases

__all__ = ["Case", "CaseResult", "Measures", "Search", "evaluate", "write_cases"]
