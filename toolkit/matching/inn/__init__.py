"""INN, KPP, OGRN and OGRNIP: text to tax numbers."""
