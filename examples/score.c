/* Asks a saved detector about one row.
 *
 *   score DETECTOR        a folder that examples/fit.cpp or `nescio fit` wrote
 */
#include <nescio/nescio.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const nescio_error* error) {
  fprintf(stderr, "score: %s\n", error->message);
  return 1;
}

int main(int count, char** arguments) {
  nescio_error error;
  nescio_scorer* scorer = NULL;
  nescio_array* arrays;
  nescio_answer answer;
  size_t inputs, i, d;
  int status = 0;

  if (count != 2) {
    fprintf(stderr, "usage: score DETECTOR\n");
    return 2;
  }
  if (nescio_scorer_load(arguments[1], NULL, &scorer, &error) != NESCIO_OK) return fail(&error);

  /* A row of what the detector reads; in a real program, what the network says of a picture. */
  inputs = nescio_scorer_input_count(scorer);
  arrays = calloc(inputs + 1, sizeof *arrays);
  if (arrays == NULL) return 1;
  for (i = 0; i < inputs; ++i) {
    size_t width = 0;
    const char* name = nescio_scorer_input(scorer, i, &width);
    float* row = malloc(width * sizeof *row);
    if (row == NULL) return 1;
    for (d = 0; d < width; ++d) row[d] = d == 0 ? 6 : 0;
    arrays[i].name = name;
    arrays[i].data = row;
    arrays[i].rows = 1;
    arrays[i].cols = width;
  }

  if (nescio_scorer_answer(scorer, arrays, inputs, &answer, 1, &error) == NESCIO_OK) {
    printf("nescio %s, %s: class %d%s%s, score %.4g", nescio_version(), nescio_scorer_spec(scorer),
           (int)answer.predicted, answer.class_name ? " " : "",
           answer.class_name ? answer.class_name : "", answer.score);
    if (!isnan(answer.threshold)) {
      printf(", threshold %.4g, p-value %.3g: %s", answer.threshold, answer.p_value,
             answer.is_ood == 1 ? "I do not know" : "known");
    }
    printf("\n");
  } else {
    status = fail(&error);
  }

  for (i = 0; i < inputs; ++i) free((void*)arrays[i].data);
  free(arrays);
  nescio_scorer_free(scorer);
  return status;
}
