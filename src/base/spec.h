// Spec strings: the text that names a detector, a data set, a training method everywhere.
//
//   spec   = term , { "+" , term } ;          shapers left to right, the last term is the detector
//   term   = name , [ "(" , [ arg , { "," , arg } ] , ")" ] ;
//   arg    = key , "=" , value | spec ;       a bare spec only in a combinator: mean(knn(k=5),vim); one word: on(layer6)
//   value  = one | "[" , one , { "," , one } , "]" ;           [] is a sweep: several settings, one value each
//   one    = scalar | "(" , scalar , { "," , scalar } , ")" ;  () is a list: one value of several parts
//
// energy(T=[1,2]) are the two detectors energy(T=1) and energy(T=2), mean(msp,vim,weights=(1,2)) is one with
// two weights, and weights=[(1,2),(2,1)] is a sweep over two lists.
// Blanks around tokens are allowed when reading and never printed. A term has a key once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nescio {

struct Spec;

struct Argument {
  std::string key;                  // empty: a bare spec
  std::vector<std::string> values;  // one, or all of a sweep; "(1,2)" is one
  bool sweep = false;               // written with []
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

/// The spec for every combination of its sweeps, the first parameter varying fastest.
/// Throws Error if they are more than a million characters together, each taken as long as the spec.
std::vector<Spec> expand(const Spec& spec);

/// "knn(k=5,T=1),vim" -> {"knn(k=5,T=1)", "vim"}; sweeps expanded.
std::vector<std::string> expand_list(std::string_view list);

}  // namespace nescio
