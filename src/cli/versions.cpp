#include "cli/versions.h"

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/text.h"
#include "base/version.h"
#include "cli/network_part.h"
#include "io/json_file.h"
#include "math/row_kernels.h"
#include "runtime/onnx_session.h"

namespace nescio::cli {
namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "GCC " __VERSION__;
#else
  return "unknown";
#endif
}

// Asked of the process and not of a header: any library with BLAS's names can stand in when the
// program starts.
std::string openblas() {
  using Config = const char* (*)();
  const auto config = reinterpret_cast<Config>(dlsym(RTLD_DEFAULT, "openblas_get_config"));
  return config ? std::string(trim(config())) : std::string();
}

Versions::value_type libtorch() {
  const NetworkPart* part = network_part();
  return {"libtorch", part ? part->libtorch_version() : "no libtorch"};
}

}  // namespace

Versions versions() {
  const dnnl_version_t* dnnl = dnnl_version();
  const std::string blas = openblas();
  Versions all = {{"nescio", std::string(version())},
                  {"compiler", compiler()},
                  {"SIMD", math::simd_target()},
                  {"oneDNN", text(dnnl->major, '.', dnnl->minor, '.', dnnl->patch)},
                  {"BLAS", blas.empty() ? "not OpenBLAS" : blas}};
  if (network_part_is_loaded()) all.push_back(libtorch());
  return all;
}

void write_versions(std::ostream& out, std::ostream& log, bool json) {
  Versions all = versions();
  if (!network_part_is_loaded()) all.push_back(libtorch());
  const auto onnx = runtime::onnx_runtime();
  all.emplace_back("ONNX Runtime",
                   onnx ? text(onnx->version, " (", onnx->file.string(), ")") : "no ONNX Runtime");
  if (json) {
    nlohmann::ordered_json object;
    for (const auto& [name, value] : all) object[name] = value;
    out << io::json_text(object);
  } else {
    for (const auto& [name, value] : all) {
      out << name << std::string(name.size() < 13 ? 13 - name.size() : 1, ' ') << value << '\n';
    }
  }
  if (openblas().empty()) {
    log << "nescio: warning: the BLAS is not OpenBLAS, so fitting is slow; install "
           "libopenblas-openmp-dev and choose it with update-alternatives\n";
  }
}

}  // namespace nescio::cli
