"""The K-step dual: invariant polytopes of additive nets under bounded inputs."""
