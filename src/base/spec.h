// Spec strings: the text that names a detector, a data set, a training method everywhere.
//
//   spec   = term , { "+" , term } ;          shapers left to right, the last term is the detector
//   term   = name , [ "(" , [ arg , { "," , arg } ] , ")" ] ;
//   arg    = key , "=" , value | spec ;       a bare spec only in a combinator: mean(knn(k=5),vim)
//   value  = scalar | "[" , scalar , { "," , scalar } , "]" ;                  a list is a sweep
//
// Blanks around tokens are allowed when reading and never printed. A term has a key once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nescio {

struct Spec;

struct Argument {
  std::string key;                  // empty: a bare spec
  std::vector<std::string> values;  // one, or all of a list
  bool list = false;                // written with []
  std::vector<Spec> spec;           // exactly one where key is empty
};

struct Term {
  std::string name;
  std::vector<Argument> arguments;
};

struct Spec {
  std::vector<Term> terms;
};

/// Throws Error with the position of the fault, or for a key that a term has twice. print(parse_spec(s)) == s for text without blanks
/// and without empty parentheses.
Spec parse_spec(std::string_view source);
std::string print(const Spec& spec);

/// The spec for every combination of its lists, the first parameter varying fastest.
/// Throws Error if they are more than a million characters together, each taken as long as the spec.
std::vector<Spec> expand(const Spec& spec);

/// "knn(k=5,T=1),vim" -> {"knn(k=5,T=1)", "vim"}; lists expanded.
std::vector<std::string> expand_list(std::string_view list);

}  // namespace nescio
