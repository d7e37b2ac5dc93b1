"""CasJobs: long questions as jobs of a user, for anybody with a login of SciServer."""
