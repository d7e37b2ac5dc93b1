"""Where rows come from: SkyServer, CasJobs, or CAS tables on this machine."""
