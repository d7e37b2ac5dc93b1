"""CAS tables on this machine: files added to one catalogue, asked in the T-SQL of SkyServer."""
