"""A short-video feed in process: items, a policy that orders them, a clock that counts what was watched."""
