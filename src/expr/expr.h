// Scores as expressions over the rows of a batch: written once, run by any executor (program.h).
//
// An Expr is a cheap handle on a node of a Graph. Every value is [B, width] for B rows of a batch;
// a width of 1 and constants of one row are broadcast. Building costs nothing per row; equal parts
// of different scores are one node and are computed once. Builders throw Error on widths or types
// that do not fit.
//
// This header brings the operations of all families.
#pragma once

#include "expr/arithmetic.h"
#include "expr/order.h"
#include "expr/reductions.h"
#include "expr/tables.h"
#include "expr/tiles.h"
#include "expr/value.h"
