"""The Django side of Atelier: accounts, applications, knowledge, runs and their HTTP interfaces."""
