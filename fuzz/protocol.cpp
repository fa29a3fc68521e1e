#include "evaluation/protocol.h"

#include "fuzz_target.h"

// As it stands, and with roles that the user gives to other sets.
void nescio::read_untrusted(const io::SharedBytes& bytes) {
  const evaluation::ProtocolOptions own_roles{.root = "data", .split = "1", .roles = {}};
  const evaluation::Protocol protocol =
      evaluation::parse_protocol(bytes.text(), "protocol.yaml", own_roles);
  evaluation::to_json(protocol);
  protocol.model_spec("network:weights?size=32");
  const evaluation::ProtocolOptions others{
      .root = "data", .split = "1", .roles = {{"val", "none"}, {"near", "a/test,b/test"}}};
  evaluation::parse_protocol(bytes.text(), "protocol.yaml", others);
}
