"""The form in which graphs and applications are saved and exchanged: Dify's."""
