// A data set that is another one but for something: what a class does not say itself, its source says.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "image/datasets/dataset.h"

namespace nescio::image {

class Wrapped : public Dataset {
 public:
  explicit Wrapped(std::unique_ptr<Dataset> source) : source_(std::move(source)) {}

  std::size_t size() const override { return source_->size(); }
  Sample load(std::size_t i) const override { return source_->load(i); }
  std::int64_t label(std::size_t i) const override { return source_->label(i); }
  std::string hash() const override { return source_->hash(); }
  std::vector<std::string> class_names() const override { return source_->class_names(); }
  std::string name(std::size_t i) const override { return source_->name(i); }
  std::vector<std::string> skipped() const override { return source_->skipped(); }
  Notices notices() const override { return source_->notices(); }

 protected:
  const Dataset& source() const { return *source_; }

 private:
  std::unique_ptr<Dataset> source_;
};

}  // namespace nescio::image
