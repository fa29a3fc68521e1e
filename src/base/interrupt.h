// Ctrl-C as a question that long loops ask.
#pragma once

namespace nescio {

/// Turns SIGINT and SIGTERM into a flag; a second one ends the program at once.
void install_interrupt_handler();
bool interrupted();
/// Throws Interrupted if Ctrl-C was pressed.
void check_interrupt();
/// Sets the flag as the signal would (tests, embedding programs); clear_interrupt() takes it back.
void request_interrupt();
void clear_interrupt();

}  // namespace nescio
