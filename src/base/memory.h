// How this process deals with freed memory.
#pragma once

namespace nescio {

/// Keeps it for the next buffer. Activations are buffers of several MB, freed and wanted again for
/// each layer; by default glibc gives them back to the system each time and pays for it with page
/// faults: a sixth of the time of a network.
/// For a program to call, once; a library has no business to.
void keep_freed_memory();

}  // namespace nescio
