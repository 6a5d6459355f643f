"""The page that an app has for people without an account."""
