"""How answers are judged: each kind of evaluator is a configuration with a method, and knows no database."""
