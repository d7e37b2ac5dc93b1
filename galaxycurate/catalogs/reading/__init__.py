"""Files of catalogues into columns: formats, cells, ids, what is wrong with them, typed copies."""
