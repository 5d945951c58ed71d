"""How fast Mitsprache is, beside a bare Rasa in the same run: `python -m bench`."""
