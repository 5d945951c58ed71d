"""The database: tables, migrations and one small repository per noun."""
