// Compiled once for the precompiled header of libtorch that all targets with networks share.
