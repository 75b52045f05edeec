"""The ways into a sandbox: in-process for tests, HTTP and TLS for everybody else."""
