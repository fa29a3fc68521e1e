#include "evaluation/protocol.h"

#include "fuzz_target.h"

// As it stands, and with roles that the user gives to other sets.
void nescio::read_untrusted(const SharedBytes& bytes) {
  const ProtocolOptions own_roles{.root = "data", .split = "1", .roles = {}};
  const Protocol protocol = parse_protocol(bytes.text(), "protocol.yaml", own_roles);
  to_json(protocol);
  protocol.model_spec("network:weights?size=32");
  const ProtocolOptions others{
      .root = "data", .split = "1", .roles = {{"val", "none"}, {"near", "a/test,b/test"}}};
  parse_protocol(bytes.text(), "protocol.yaml", others);
}
