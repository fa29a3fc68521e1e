// The program `nescio`.
#include "base/interrupt.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  nescio::install_interrupt_handler();
  return nescio::cli::run_program(argc, argv);
}
