"""How much a workspace, an app, a key or an end user may use, and how much they have used."""
