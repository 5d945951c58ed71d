"""The words: languages, catalogs and what is looked up in them."""
